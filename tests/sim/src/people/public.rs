//! The public fictitious identities of the qualification service (spec/ins.md B.11), with the
//! answers the CNDA expects.
//!
//! Where the sheet gives no matricule, one is made here: its order number starts at 990 and its key
//! is computed. ADRUN, NESSI, … keep their published numbers, HERMANN his inconsistent keys.

use super::{Ins, OID_NIA, OID_NIR, OID_TEST, Past, Person, key};

/// Birth name and given name of people answered by fault insi_102 on a search by traits.
pub const UNREACHABLE: &[(&str, &str)] = &[("DE VINCI", "RUTH")];

fn ins(matricule: &str, oid: &str) -> Ins {
    Ins { matricule: matricule.into(), key: key(matricule).unwrap_or_default(), oid: oid.into() }
}

fn ins_with_key(matricule: &str, key: &str) -> Ins {
    Ins { matricule: matricule.into(), key: key.into(), oid: OID_NIR.into() }
}

fn past(ins: Ins) -> Past {
    Past { ins, dates: None, dates_first: false }
}

fn person(name: &str, given: &str, sex: &str, date: &str, place: &str, ins: Ins) -> Person {
    Person {
        birth_name: name.into(),
        given_names: given.split(' ').map(str::to_owned).collect(),
        sex: sex.into(),
        birth_date: date.into(),
        birth_place: place.into(),
        ins,
        history: Vec::new(),
        simulated: false,
        shows_first_name: false,
    }
}

/// Everybody of the table. HOUILLES is absent (01 four times); DE VINCI LEONARDO is twice there, also
/// with the same place, so that 02 persists.
pub fn people() -> Vec<Person> {
    let nir = |matricule: &str| ins(matricule, OID_NIR);
    let mut corse = person("CORSE", "ANTHONY", "M", "1980-03-02", "2B020", nir("180032B020401"));
    corse.history = vec![past(nir("180032B020401"))];
    (corse.simulated, corse.shows_first_name) = (true, true);

    let mut hermann =
        person("HERMANN", "GATIEN", "M", "1981-03-24", "63220", ins_with_key("1810363220456", "60"));
    hermann.history =
        vec![past(ins_with_key("1810363220456", "60")), past(ins_with_key("2810363220456", "10"))];
    hermann.simulated = true;

    let mut ecetinsi =
        person("ECETINSI", "PIERRE-ALAIN MURIEL FLORIANT", "M", "2009-07-14", "63220", nir("1090763220834"));
    ecetinsi.history = vec![
        Past {
            ins: nir("2090763220834"),
            dates: Some(("2019-03-01".into(), "2019-02-28".into())),
            dates_first: true,
        },
        past(nir("2090663220123")),
    ];
    ecetinsi.simulated = true;

    let mut provisoire =
        person("PROVISOIRE", "MATRICULE", "M", "2009-07-01", "63220", ins("1090763220888", OID_NIA));
    (provisoire.simulated, provisoire.shows_first_name) = (true, true);

    vec![
        person("ADRUN", "ZOE", "F", "1975-12-31", "63220", nir("2751263220749")),
        person("ADRTROIS", "DOMINIQUE", "F", "1997-02-26", "2A020", nir("297022A020778")),
        person("ADRTROIS", "TOUSSAINT", "M", "1960-01-01", "2B020", nir("160012B020777")),
        person("ADRDEUX", "LAURENT", "M", "1981-01-01", "63220", nir("1810163220990")),
        corse,
        hermann,
        ecetinsi,
        provisoire,
        person("NESSI", "MICHELANGELO ANTHONY", "M", "2010-08-07", "63220", nir("1100863220830")),
        person("TCHITCHI", "CATARINA BELLA", "F", "1936-06-21", "63220", nir("2360663220836")),
        // Found by her Vitale card only.
        person("DE VINCI", "RUTH", "F", "1976-07-14", "63220", nir("2760763220990")),
        person("DE VINCI", "LEONARDO", "M", "2014-02-01", "63220", nir("1140263220990")),
        person("DE VINCI", "LEONARDO", "M", "2014-02-01", "63220", nir("1140263220991")),
        person(
            "D'ARTAGNAN DE L'HERAULT",
            "PIERRE-ALAIN MURIEL FLORIANT",
            "M",
            "2001-06-17",
            "63220",
            nir("1010663220990"),
        ),
        // Her matricule is in the public message examples of the DMP, under the test OID.
        person("PATB-QUATRE", "LAURENCE", "F", "1907-05-25", "85756", ins("2070585756270", OID_TEST)),
    ]
}
