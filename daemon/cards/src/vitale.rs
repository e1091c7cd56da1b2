//! The free reading of a carte Vitale: what it shows to anybody, without any authentication (fact sheet on the INS,
//! §F.1).
//!
//! Public knowledge is small: the name of the application, a table of files in its file 2001, and the template `65` of
//! the holder. The exact form of the table is not public: every number of two bytes in it is taken for a file that may
//! be tried. Generations of cards differ: anything else than a holder who can be read is [`FreeError::Impossible`].
//!
//! Only name, given name and birth date are taken. The social security number that the template may hold (`93`) is
//! deliberately not read: it would not serve, since nothing of this reading is authenticated.

use crate::apdu::{Apdu, CardError, read_file, select_application, select_file};
use crate::tlv::{self, Tlv};
use paillasse_shared::domain::card::{Beneficiary, CardSource};
use paillasse_shared::domain::identity::{BirthDate, StrictName};
use paillasse_shared::protocol::card::PushParams;
use thiserror::Error;
use zeroize::Zeroize;

/// Application « VITALE ».
const VITALE: [u8; 11] = [0xD2, 0x50, 0x00, 0x00, 0x02, 0x56, 0x49, 0x54, 0x41, 0x4C, 0x45];
/// Table of the files of the application.
const TABLE: u16 = 0x2001;
/// Template of the holder, and what is read in it.
const HOLDER: u32 = 0x65;
const NAME: u32 = 0x80;
const GIVEN_NAME: u32 = 0x81;
const BIRTH_DATE: u32 = 0x82;
/// Longest file read.
const MAX_FILE: usize = 4096;
/// Most files tried.
const MAX_FILES: usize = 16;
/// Longest name on a card.
const MAX_NAME: usize = 100;

/// What a free reading gives. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    /// Name written on the card: perhaps that of the marriage.
    pub name: String,
    /// Given name.
    pub given_name: String,
    /// `AAAA-MM-JJ`, possibly lunar.
    pub birth_date: String,
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Holder")
    }
}

impl Holder {
    /// The same as a card for the inlet: without number nor assertion, so that it never serves for a call.
    #[must_use]
    pub fn into_push(self, reader: &str) -> PushParams {
        PushParams {
            source: CardSource::VitaleLibre,
            reader: Some(reader.to_owned()),
            read_at: None,
            login: None,
            holder: None,
            regime: None,
            beneficiaries: vec![Beneficiary {
                name: self.name,
                birth_name: None,
                given_name: self.given_name,
                birth_date: self.birth_date,
                rank: None,
                sex: None,
                nir: None,
                assertion: None,
            }],
        }
    }
}

/// Why there is no free reading.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FreeError {
    /// Not a carte Vitale, or one of another generation: « lecture libre impossible ».
    #[error("free reading impossible")]
    Impossible,
    /// The card left, or the reader failed.
    #[error("{0}")]
    Reader(String),
}

impl FreeError {
    /// The sentence of a user.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Impossible => {
                "lecture libre impossible : ce n'est pas une carte Vitale, ou elle ne se lit pas ainsi"
                    .to_owned()
            }
            Self::Reader(why) => format!("la carte n'a pas été lue : {why}"),
        }
    }
}

impl From<CardError> for FreeError {
    fn from(error: CardError) -> Self {
        match error {
            CardError::Transport(why) => Self::Reader(why),
            CardError::Status(_) | CardError::Malformed => Self::Impossible,
        }
    }
}

/// Reads the holder of the card.
///
/// # Errors
/// [`FreeError`].
pub fn read_free(card: &mut dyn Apdu) -> Result<Holder, FreeError> {
    select_application(card, &VITALE)?;
    select_file(card, TABLE)?;
    let table = read_file(card, MAX_FILE)?;
    // The table itself may hold the template on some cards.
    if let Some(holder) = holder(&tlv::read(&table)) {
        return Ok(holder);
    }
    for id in files(&table) {
        match file(card, id) {
            Ok(mut bytes) => {
                let found = holder(&tlv::read(&bytes));
                bytes.zeroize();
                if let Some(found) = found {
                    return Ok(found);
                }
            }
            // Files that need an authentication answer an access error: the next one is tried.
            Err(CardError::Status(_) | CardError::Malformed) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Err(FreeError::Impossible)
}

fn file(card: &mut dyn Apdu, id: u16) -> Result<Vec<u8>, CardError> {
    select_file(card, id)?;
    read_file(card, MAX_FILE)
}

/// Files that the table may name: every value of two bytes in it, and the end of longer ones.
fn files(table: &[u8]) -> Vec<u16> {
    let mut out: Vec<u16> = Vec::new();
    for leaf in tlv::read(table).iter().flat_map(Tlv::walk).filter(|t| t.children.is_empty()) {
        let Some([high, low]) = leaf.value.last_chunk::<2>() else { continue };
        let id = u16::from_be_bytes([*high, *low]);
        if id != TABLE && !out.contains(&id) && out.len() < MAX_FILES {
            out.push(id);
        }
    }
    out
}

fn holder(elements: &[Tlv]) -> Option<Holder> {
    let template = elements.iter().flat_map(Tlv::walk).find(|t| t.tag == HOLDER)?;
    let name = name(&template.child(NAME)?.value)?;
    let given_name = self::name(&template.child(GIVEN_NAME)?.value)?;
    let birth_date = date(&template.child(BIRTH_DATE)?.value)?;
    Some(Holder { name, given_name, birth_date })
}

/// A name of the card: UTF-8, else Latin-1; refused when it is none.
fn name(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_NAME {
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_owned();
    StrictName::parse(&text).ok().map(|_| text)
}

/// `AAAAMMJJ`.
fn date(bytes: &[u8]) -> Option<String> {
    let digits = std::str::from_utf8(bytes).ok().filter(|d| d.len() == 8)?;
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let iso = format!("{}-{}-{}", digits.get(..4)?, digits.get(4..6)?, digits.get(6..)?);
    BirthDate::lunar(&iso).ok().map(|_| iso)
}
