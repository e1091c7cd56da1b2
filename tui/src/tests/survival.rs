//! Every screen at every size, and any keys at all: nothing panics, nothing is drawn outside.

use proptest::prelude::*;

use super::Bench;
use super::screens::SCREENS;

#[test]
fn every_screen_survives_every_window() {
    for (_, keys) in SCREENS {
        let mut b = Bench::new(80, 24);
        b.keys(keys);
        for (w, h) in [
            (1, 1),
            (2, 3),
            (10, 2),
            (59, 20),
            (60, 19),
            (60, 20),
            (61, 21),
            (80, 20),
            (200, 20),
            (60, 100),
            (300, 100),
        ] {
            b.resize(w, h);
            b.screen();
        }
    }
}

#[test]
fn a_small_window_asks_to_be_enlarged() {
    let mut b = Bench::new(80, 24);
    b.resize(59, 20);
    b.sees("Agrandir la fenêtre");
    b.resize(80, 24);
    b.sees("Rechercher").sees_not("Agrandir");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn any_keys_in_any_order_are_survived(keys in proptest::collection::vec(0usize..44, 0..60), w in 1u16..140, h in 1u16..50) {
        const KEYS: [&str; 44] = ["<enter>", "<esc>", "<up>", "<down>", "<left>", "<right>", "<home>", "<end>", "<pageup>", "<pagedown>",
            "<tab>", "<backtab>", "<backspace>", "<delete>", "<f1>", "<f2>", "<f3>", "<f4>", "<f5>", "<f6>", "<f7>", "<f8>", "<f9>",
            "<ctrl-p>", "<ctrl-r>", "<ctrl-b>", "<ctrl-e>", "<ctrl-n>", "<ctrl-g>", "<ctrl-t>", "<ctrl-k>", "<ctrl-s>", "<ctrl-x>", "<ctrl-o>", "<ctrl-z>",
            "<ctrl-y>", "<ctrl-w>", "<ctrl-u>", "a", "n", "o", "é", "1", "/"];
        let mut b = Bench::new(80, 24);
        b.resize(w, h);
        for k in keys {
            b.keys(KEYS[k]);
            b.screen();
        }
    }
}
