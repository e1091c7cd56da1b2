//! The three daily flows of the desk, in a real pseudo-terminal on the demonstration: the keys beside what is typed are
//! counted and bounded, the seconds of the software are printed. A person's own time is not in them.

use std::path::Path;
use std::time::Instant;

use paillasse_tests::bins::bins;
use paillasse_tests::terminal::{Terminal, footer};
use paillasse_tests::tools;

/// A terminal that counts keys.
struct Desk {
    terminal: Terminal,
    keys: u32,
    begun: Instant,
}

impl Desk {
    fn start(dir: &Path) -> Self {
        let variables = [("TMPDIR", dir), ("XDG_RUNTIME_DIR", dir), ("HOME", dir)];
        let terminal = Terminal::start(&bins().cli, &["demo"], &variables);
        terminal.until("search screen", |s| s.contains("Rechercher") && s.contains("INSi ok"));
        Self { terminal, keys: 0, begun: Instant::now() }
    }

    fn begin(&mut self) {
        // A new search, which the flows start from.
        self.terminal.types("\u{12}");
        self.terminal.shows("Rechercher");
        (self.keys, self.begun) = (0, Instant::now());
    }

    fn press(&mut self, key: &str) {
        self.terminal.press(key);
        self.keys += 1;
    }

    /// `Entrée` where the form is complete, `Ctrl-S` before its end.
    fn create(&mut self) {
        let shown = |s: &str| footer(s).contains("Entrée Créer") || footer(s).contains("Ctrl-S Créer");
        let screen = self.terminal.until("a key that creates", shown);
        let key = if footer(&screen).contains("Entrée Créer") { "Entrée Créer" } else { "Ctrl-S Créer" };
        self.press(key);
    }

    fn end(&self, what: &str, most: u32) {
        tools::say(&format!(
            "{what}: {} keys, {:.1} s of software",
            self.keys,
            self.begun.elapsed().as_secs_f64()
        ));
        assert!(self.keys <= most, "{what}: {} keys, {most} at most", self.keys);
    }
}

/// What a scanner types of the INS datamatrix of a public test identity.
const SCAN: &str = "IS010000000000000000000000S1236066322083656S21.2.250.1.213.1.4.8\u{1d}S3CATARINA BELLA\u{1d}\
                    S4TCHITCHI\u{1d}S5FS621-06-1936S763220\r";

#[test]
fn the_flows_of_the_desk_stay_within_their_keys() {
    let dir = tempfile::Builder::new().prefix("paillasse-timings-").tempdir().unwrap();
    let mut d = Desk::start(dir.path());

    // A new patient by the datamatrix: INSi answers, accepted, qualified with the identity card.
    d.begin();
    d.terminal.types(SCAN);
    d.terminal
        .until("the form filled by the code", |s| s.contains("Nouveau patient") && s.contains("TCHITCHI"));
    d.create();
    d.press("Entrée Voir le retour INSi");
    d.terminal.shows("aucune contradiction");
    d.press("Entrée Accepter");
    d.press("Entrée Qualifier");
    d.terminal.shows("Carte nationale d'identité");
    d.press("Entrée Choisir");
    d.terminal.shows("◆ qualifiée");
    d.end("new patient by datamatrix, accepted and qualified", 8);

    // The same, known and qualified: found, and a dossier opened.
    d.begin();
    d.terminal.types("tchitchi cat");
    d.terminal.until("found", |s| s.contains("CATARINA") && s.contains("qualifiée"));
    d.press("F4 Nouveau dossier");
    d.terminal.shows("Correspondants");
    d.end("known patient found, new dossier opened", 4);
    d.terminal.types("\u{1b}");
    d.terminal.until("left", |s| !s.contains("Correspondants "));

    // A new patient born abroad, typed; the hyphen of the first name is the one divergence.
    d.begin();
    d.terminal.types("el idrissi lou anne 26/08/2010");
    d.terminal.until("nobody, or others", |s| s.contains("F2 Créer"));
    d.press("F2 Créer");
    d.terminal.until("the form", |s| s.contains("EL IDRISSI") && s.contains("LOU ANNE"));
    // The list of given names is not asked for.
    d.press("Entrée Suite");
    d.terminal.shows("F, M, ou I");
    d.terminal.types("f");
    d.press("Entrée Suite");
    d.terminal.types("tunisie");
    d.terminal.shows("99351 Tunisie");
    d.press("Entrée Suite");
    d.create();
    d.press("Entrée Voir le retour INSi");
    d.terminal.shows("expliquée");
    d.press("Entrée Accepter");
    d.press("Entrée Qualifier");
    d.terminal.shows("Carte nationale d'identité");
    d.press("Entrée Choisir");
    d.terminal.shows("◆ qualifiée");
    d.end("new patient born abroad, one divergence, accepted and qualified", 12);
    d.terminal.types("\u{11}");
    assert_eq!(d.terminal.end(), 0);
}
