//! Invented results that hold together: what is computed from other results is computed here too.

use super::chance::Chance;

/// How a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Within the usual intervals.
    Good,
    /// Some result outside.
    Mild,
    /// Some result that a prescriber must be told at once.
    Critical,
}

/// Panels that the demonstration asks for, in the shipped catalogue.
#[cfg(test)]
pub const PANELS: [&str; 11] =
    ["NFS", "IONO", "RENAL", "LIPIDES", "HEPATIQUE", "COAG", "MARTIAL", "THYRO", "DIABETE", "CRP", "ECBU"];

/// Codes and values, as a technician types them, of one panel for a person of this age.
pub fn of(
    panel: &str,
    health: Health,
    female: bool,
    age: f64,
    chance: &mut Chance,
) -> Vec<(&'static str, String)> {
    let mut list = List { lines: Vec::new(), chance };
    match panel {
        "NFS" => list.haemogram(health, female),
        "IONO" => list.electrolytes(health),
        "RENAL" => list.kidney(health, female, age),
        "LIPIDES" => list.lipids(health),
        "HEPATIQUE" => list.liver(health),
        "COAG" => list.coagulation(health),
        "MARTIAL" => list.iron(health, female),
        "THYRO" => list.thyroid(health),
        "DIABETE" => list.diabetes(health, female, age),
        "CRP" => {
            let high = health != Health::Good;
            list.draw("CRP", if high { (35.0, 120.0) } else { (0.6, 4.6) }, 1);
        }
        "ECBU" => list.urine(health),
        _ => {}
    }
    list.lines
}

struct List<'a> {
    lines: Vec<(&'static str, String)>,
    chance: &'a mut Chance,
}

impl List<'_> {
    /// Writes a value with so many decimals, and gives it back as written.
    fn put(&mut self, code: &'static str, value: f64, decimals: usize) -> f64 {
        let text = format!("{value:.decimals$}");
        let written = text.parse().unwrap_or(value);
        self.lines.push((code, text.replace('.', ",")));
        written
    }

    fn draw(&mut self, code: &'static str, (low, high): (f64, f64), decimals: usize) -> f64 {
        let value = self.chance.between(low, high);
        self.put(code, value, decimals)
    }

    fn text(&mut self, code: &'static str, text: &str) {
        self.lines.push((code, text.to_owned()));
    }

    fn haemogram(&mut self, health: Health, female: bool) {
        let hb = match (health, female) {
            (Health::Good, true) => (12.4, 14.8),
            (Health::Good, false) => (13.6, 16.2),
            (Health::Mild, _) => (9.4, 11.2),
            (Health::Critical, _) => (5.9, 6.8),
        };
        let white = if health == Health::Mild { (10.8, 14.5) } else { (4.6, 8.9) };
        let white = self.draw("LEU", white, 1);
        let volume = if health == Health::Good { (83.0, 95.0) } else { (70.0, 78.0) };
        let haemoglobin = self.chance.between(hb.0, hb.1);
        let concentration = self.chance.between(32.6, 35.2);
        let volume = self.chance.between(volume.0, volume.1);
        let packed = haemoglobin * 100.0 / concentration;
        self.put("HEMA", packed * 10.0 / volume, 2);
        self.put("HB", haemoglobin, 1);
        self.put("HT", packed, 1);
        self.put("VGM", volume, 0);
        self.put("TCMH", concentration * volume / 100.0, 1);
        self.put("CCMH", concentration, 1);
        self.draw("IDR", if health == Health::Good { (11.8, 14.2) } else { (15.4, 18.0) }, 1);
        self.draw("PLT", (165.0, 380.0), 0);
        self.draw("VPM", (8.0, 11.0), 1);
        // Shares of one hundred, the last one is what is left.
        let eosinophils = self.chance.between(1.0, 3.5);
        let basophils = self.chance.between(0.2, 0.9);
        let monocytes = self.chance.between(5.0, 9.0);
        let lymphocytes = self.chance.between(24.0, 36.0);
        let neutrophils = 100.0 - eosinophils - basophils - monocytes - lymphocytes;
        for (count, share, part) in [
            ("PNN", "PNNP", neutrophils),
            ("PNE", "PNEP", eosinophils),
            ("PNB", "PNBP", basophils),
            ("LYM", "LYMP", lymphocytes),
            ("MON", "MONP", monocytes),
        ] {
            self.put(count, white * part / 100.0, 2);
            self.put(share, part, 1);
        }
    }

    fn electrolytes(&mut self, health: Health) {
        self.draw("NA", if health == Health::Mild { (130.0, 134.0) } else { (137.0, 144.0) }, 0);
        let potassium = match health {
            Health::Good => (3.7, 4.8),
            Health::Mild => (3.1, 3.4),
            Health::Critical => (6.6, 7.2),
        };
        self.draw("K", potassium, 1);
        self.draw("CL", (99.0, 106.0), 0);
        self.draw("HCO3", (23.0, 28.0), 0);
        self.draw("PROT", (66.0, 80.0), 0);
    }

    fn kidney(&mut self, health: Health, female: bool, age: f64) {
        let good = health == Health::Good;
        self.draw("UREE", if good { (3.4, 6.8) } else { (10.5, 16.0) }, 1);
        let creatinine = match (good, female) {
            (true, true) => (50.0, 78.0),
            (true, false) => (64.0, 96.0),
            (false, _) => (140.0, 210.0),
        };
        let creatinine = self.draw("CREA", creatinine, 0);
        self.filtration(creatinine, female, age);
    }

    /// CKD-EPI 2009, creatinine in µmol/L.
    fn filtration(&mut self, creatinine: f64, female: bool, age: f64) {
        let (kappa, alpha, factor) = if female { (61.9, -0.329, 144.0) } else { (79.6, -0.411, 141.0) };
        let ratio: f64 = creatinine / kappa;
        let power = if ratio <= 1.0 { alpha } else { -1.209 };
        self.put("DFG", factor * ratio.powf(power) * 0.993_f64.powf(age), 0);
    }

    fn lipids(&mut self, health: Health) {
        let total = self.draw("CHOL", if health == Health::Good { (1.55, 1.95) } else { (2.25, 2.95) }, 2);
        let good = self.draw("HDL", (0.52, 0.72), 2);
        let fat = self.draw("TG", (0.65, 1.35), 2);
        self.put("LDL", total - good - fat / 5.0, 2);
        self.put("NHDL", total - good, 2);
    }

    fn liver(&mut self, health: Health) {
        let enzymes = match health {
            Health::Good => (14.0, 32.0),
            Health::Mild => (78.0, 160.0),
            Health::Critical => (1080.0, 1900.0),
        };
        self.draw("ALAT", enzymes, 0);
        self.draw("ASAT", enzymes, 0);
        self.draw("GGT", if health == Health::Good { (12.0, 34.0) } else { (92.0, 240.0) }, 0);
        self.draw("PAL", (45.0, 110.0), 0);
        let total = self.draw("BILT", (5.0, 16.0), 0);
        self.put("BILC", total * 0.22, 0);
    }

    fn coagulation(&mut self, health: Health) {
        let prothrombin = match health {
            Health::Good => (82.0, 100.0),
            Health::Mild => (32.0, 45.0),
            Health::Critical => (11.0, 17.0),
        };
        let prothrombin = self.draw("TP", prothrombin, 0);
        self.put("INR", (100.0 / prothrombin).powf(0.88), 2);
        let witness = self.draw("TCAT", (30.0, 32.0), 0);
        let patient = self.draw("TCA", (28.0, 36.0), 0);
        self.put("TCAR", patient / witness, 2);
        self.draw("FIB", (2.2, 3.8), 2);
    }

    fn iron(&mut self, health: Health, female: bool) {
        let low = health != Health::Good;
        let ferritin = match (low, female) {
            (true, _) => (4.0, 11.0),
            (false, true) => (32.0, 130.0),
            (false, false) => (60.0, 240.0),
        };
        self.draw("FERR", ferritin, 0);
        let iron = self.draw("FER", if low { (4.5, 8.0) } else { (14.5, 26.0) }, 1);
        let carrier = self.draw("TRF", if low { (3.6, 4.1) } else { (2.1, 2.9) }, 2);
        self.put("CSTF", iron / (carrier * 25.0) * 100.0, 0);
    }

    fn thyroid(&mut self, health: Health) {
        let low_gland = health != Health::Good;
        self.draw("TSH", if low_gland { (6.4, 14.0) } else { (0.8, 3.2) }, 2);
        self.draw("T4L", if low_gland { (7.0, 8.6) } else { (11.0, 17.5) }, 1);
    }

    fn diabetes(&mut self, health: Health, female: bool, age: f64) {
        let fasting = match health {
            Health::Good => (4.5, 5.6),
            Health::Mild => (7.8, 11.5),
            Health::Critical => (25.5, 31.0),
        };
        self.draw("GLYJ", fasting, 1);
        let share = self.draw("HBA1C", if health == Health::Good { (5.0, 5.7) } else { (7.4, 9.8) }, 1);
        // NGSP to IFCC, the master equation.
        self.put("HBA1CI", (share - 2.152) / 0.09148, 0);
        let creatinine = self.draw("CREA", (55.0, 80.0), 0);
        self.filtration(creatinine, female, age);
        let albumin = self.draw("ALBU", if health == Health::Good { (4.0, 12.0) } else { (60.0, 190.0) }, 0);
        let urine = self.draw("CREAU", (6.0, 14.0), 1);
        // mg/g: a millimole of creatinine weighs 0.1131 g.
        self.put("ACR", albumin / (urine * 0.1131), 0);
    }

    fn urine(&mut self, health: Health) {
        let infected = health != Health::Good;
        self.text("ECBUA", if infected { "Trouble" } else { "Limpide" });
        self.text("NIT", if infected { "Positif" } else { "Négatif" });
        self.text("LEST", if infected { "Positif" } else { "Négatif" });
        if infected {
            self.text("ECBUL", "250000");
            self.text("ECBUH", "12000");
        } else {
            self.text("ECBUL", "< 1000");
            self.text("ECBUH", "< 1000");
        }
        self.text("ECBUE", "Rares");
        self.text("ECBUG", if infected { "Bacilles à Gram négatif" } else { "Absence de germe" });
        let culture = "Escherichia coli, 10^6 UFC/mL";
        self.text("ECBUC", if infected { culture } else { "Culture négative" });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const CATALOGUE: &str = include_str!("../../../../data/catalogue/catalogue.toml");

    #[test]
    fn every_analysis_of_every_panel_has_a_value_and_no_other() {
        let catalogue: toml::Table = CATALOGUE.parse().unwrap();
        let codes = |panel: &str| -> Vec<String> {
            let panels = catalogue["panel"].as_array().unwrap();
            match panels.iter().find(|p| p["code"].as_str() == Some(panel)) {
                Some(p) => {
                    p["analyses"].as_array().unwrap().iter().map(|c| c.as_str().unwrap().into()).collect()
                }
                None => vec![panel.to_owned()],
            }
        };
        for panel in PANELS {
            let mut expected = codes(panel);
            let values = of(panel, Health::Good, true, 40.0, &mut Chance::new(1));
            let mut given: Vec<_> = values.iter().map(|v| v.0.to_owned()).collect();
            expected.sort();
            given.sort();
            assert_eq!(given, expected, "{panel}");
        }
    }

    #[test]
    fn computed_results_follow_from_the_others() {
        for seed in 0..50 {
            let values = of("NFS", Health::Good, false, 40.0, &mut Chance::new(seed));
            let v: BTreeMap<_, f64> =
                values.iter().map(|(c, t)| (*c, t.replace(',', ".").parse().unwrap())).collect();
            let shares: f64 = ["PNNP", "PNEP", "PNBP", "LYMP", "MONP"].iter().map(|c| v[c]).sum();
            assert!((shares - 100.0).abs() < 0.3, "{shares}");
            assert!((v["HT"] - v["HEMA"] * v["VGM"] / 10.0).abs() < 0.5);
            let lipids = of("LIPIDES", Health::Mild, false, 40.0, &mut Chance::new(seed));
            let l: BTreeMap<_, f64> =
                lipids.iter().map(|(c, t)| (*c, t.replace(',', ".").parse().unwrap())).collect();
            assert!((l["NHDL"] - (l["CHOL"] - l["HDL"])).abs() < 0.006);
        }
    }
}
