//! A virtual carte Vitale: a card in memory always, and the same behind a real PC/SC service where one can be started.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod virtual_card;

use paillasse_cards::apdu::{Apdu, CardError};
use paillasse_cards::vitale::{FreeError, read_free};
use paillasse_shared::domain::card::CardSource;
use virtual_card::{Odd, VirtualVitale, template};

impl Apdu for VirtualVitale {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
        self.answer(command).ok_or_else(|| CardError::Transport("la carte a été retirée".into()))
    }
}

#[test]
fn ret_01_the_holder_is_read_and_serves_to_search_only() {
    let mut card = VirtualVitale::new("DUPONT", "ANNE-MARIE", "19800312");
    let holder = read_free(&mut card).unwrap();
    assert_eq!(format!("{holder:?}"), "Holder", "nothing of a card is shown by mistake");
    let push = holder.into_push("Accueil");
    assert_eq!(push.source, CardSource::VitaleLibre);
    assert_eq!(push.holder, None, "the number of the card is not read");
    let person = &push.beneficiaries[0];
    assert_eq!((person.name.as_str(), person.given_name.as_str()), ("DUPONT", "ANNE-MARIE"));
    assert_eq!(person.birth_date, "1980-03-12");
    assert!(person.assertion.is_none() && person.nir.is_none());
}

#[test]
fn short_answers_and_lengths_that_the_card_asks_for_are_followed() {
    for odd in [Odd::ShortReads, Odd::AsksLength, Odd::MoreWaits, Odd::LongFile, Odd::LockedFileFirst] {
        let mut card = VirtualVitale::new("DE LA TOUR", "JEAN-BAPTISTE", "19610704").odd(odd);
        let read = read_free(&mut card).unwrap_or_else(|e| panic!("{odd:?}: {e}"));
        assert_eq!(read.name, "DE LA TOUR", "{odd:?}");
        assert!(card.exchanges < 300, "{odd:?}: {} exchanges", card.exchanges);
    }
    // A lunar date is a date; accents in Latin-1 are read.
    let mut card = VirtualVitale::new("", "", "19610000");
    card.holder = template(b"G\xC9RARD", b"ZO\xC9", b"19610000");
    let read = read_free(&mut card).unwrap();
    assert_eq!((read.name.as_str(), read.birth_date.as_str()), ("GÉRARD", "1961-00-00"));
}

#[test]
fn anything_else_is_a_free_reading_that_is_not_possible() {
    for odd in [Odd::OtherApplication, Odd::NoTable, Odd::EverythingLocked, Odd::Endless] {
        let mut card = VirtualVitale::new("DUPONT", "ANNE", "19800312").odd(odd);
        assert_eq!(read_free(&mut card), Err(FreeError::Impossible), "{odd:?}");
        assert!(card.exchanges < 2_000, "{odd:?}: {} exchanges", card.exchanges);
    }
    for holder in [
        vec![],
        vec![0x65, 0x7F, 0x80],
        template(b"1234", b"ANNE", b"19800312"),
        template(b"DUPONT", b"ANNE", b"31/12/80"),
        template(b"DUPONT", b"", b"19800312"),
        vec![0xFF; 5000],
    ] {
        let mut card = VirtualVitale::new("DUPONT", "ANNE", "19800312");
        card.holder = holder;
        assert_eq!(read_free(&mut card), Err(FreeError::Impossible));
    }
    assert!(FreeError::Impossible.words().starts_with("lecture libre impossible"));
    let mut gone = VirtualVitale::new("DUPONT", "ANNE", "19800312").odd(Odd::PulledOut);
    assert_eq!(read_free(&mut gone), Err(FreeError::Reader("la carte a été retirée".into())));
}
