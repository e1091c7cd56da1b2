//! Whole screens with their styles, at the three sizes that must feel complete.

use super::Bench;

/// Every screen, by the keys that lead to it.
pub const SCREENS: &[(&str, &str)] = &[
    ("home", ""),
    ("search", "dup mar 12/03/80<down>"),
    ("form", "martin zoe 03/02/1990<f2><tab><tab>f<enter>lanh"),
    ("patient", "de la<enter>"),
    ("qualify", "de la<enter><f7>"),
    ("new-dossier", "de la<enter><f4>nfs<enter>p"),
    ("dossier", "26-118733<enter><down><down><down><enter>5,2"),
    ("validation", "<ctrl-b>"),
    ("review", "<ctrl-b><enter>"),
    ("queue", "<ctrl-e>"),
    ("order", "<ctrl-e><enter><enter>"),
    ("inbox", "<ctrl-n>"),
    ("message", "<ctrl-n><enter>"),
    ("palette", "<ctrl-p>env"),
    ("help", "<f1>"),
    ("confirm", "<ctrl-e><f6>"),
];

#[test]
fn screens_look_as_reviewed() {
    for (width, height) in [(80, 24), (120, 40), (60, 20)] {
        for (name, keys) in SCREENS {
            let mut b = Bench::new(width, height);
            b.keys(keys);
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), b.styled());
        }
        let mut b = Bench::new(width, height);
        b.fake.to_decide = true;
        b.keys("de la<enter><enter>");
        insta::assert_snapshot!(format!("compare-{width}x{height}"), b.styled());
    }
}

#[test]
fn monochrome_loses_nothing_but_colour() {
    for (_, keys) in SCREENS {
        let mut mono = Bench::alone(80, 24, super::settings("mono"));
        mono.say(crate::client::FromDaemon::Link(crate::client::Link::Up(super::Fake::hello())));
        let mut dark = Bench::new(80, 24);
        assert_eq!(mono.keys(keys).screen(), dark.keys(keys).screen());
        assert!(!mono.is_coloured());
    }
}

/// At 80 columns no sentence that stands on a screen needs a second line, nor is cut.
#[test]
fn standing_sentences_fit_the_smallest_complete_window() {
    for (name, keys) in SCREENS {
        let mut b = Bench::new(80, 24);
        let (_, said) = b.keys(keys).app.state().announcement();
        assert!(said.chars().count() <= 77, "{name}: {said}");
    }
}
