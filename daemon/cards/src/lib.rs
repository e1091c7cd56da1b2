//! Readers and cards: PC/SC found at run time, the free reading of a carte Vitale, the certificate of a CPx card.
//!
//! * [`apdu`] is what a card is from here: a command goes in, an answer and a status word come out.
//! * [`vitale`] reads what a carte Vitale shows to anybody. Nothing of it is authenticated: it prefills a search.
//! * [`cpx`] reads the certificate of a professional's card; no PIN is needed for that.
//! * [`pcsc`] is the system library, opened when it is there: its absence, and that of a reader or of a card, are
//!   ordinary states with a sentence each.
//!
//! Invariants: no function logs or keeps what a card says; every reading is bounded in size, depth and number of
//! exchanges; no panic, whatever a card answers.
//!
//! Deliberately not here: the licensed components (API de lecture Vitale, appli carte Vitale) and what only they give,
//! the assertion that a call to INSi by card needs; signing with a card (PKCS#11).

pub mod apdu;
pub mod cpx;
pub mod pcsc;
pub mod tlv;
pub mod vitale;
