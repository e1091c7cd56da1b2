//! A carte Vitale in memory, from what is public of it (fact sheet on the INS, §F.1). Fictitious people.

/// What a card does otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// Seven bytes at a time.
    ShortReads,
    /// `6Cxx` to every reading without a length.
    AsksLength,
    /// `61xx`, then GET RESPONSE.
    MoreWaits,
    /// The template comes after six hundred bytes.
    LongFile,
    /// The first file of the table wants an authentication.
    LockedFileFirst,
    /// Not a carte Vitale.
    OtherApplication,
    /// No file 2001.
    NoTable,
    /// Every file wants an authentication.
    EverythingLocked,
    /// Files that never end.
    Endless,
    /// Pulled out after three exchanges.
    PulledOut,
}

pub struct VirtualVitale {
    pub holder: Vec<u8>,
    pub exchanges: usize,
    odd: Option<Odd>,
    selected: Option<u16>,
    waiting: Vec<u8>,
}

const APPLICATION: &[u8] = &[0xD2, 0x50, 0x00, 0x00, 0x02, 0x56, 0x49, 0x54, 0x41, 0x4C, 0x45];
const LOCKED: u16 = 0x2F30;
const HOLDER: u16 = 0x2F31;

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, 0x82];
    out.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    out.extend(value);
    out
}

/// The template of a holder, with a number that must never be taken.
pub fn template(name: &[u8], given: &[u8], born: &[u8]) -> Vec<u8> {
    let inside = [tlv(0x80, name), tlv(0x81, given), tlv(0x82, born), tlv(0x93, b"2800399100042")].concat();
    tlv(0x65, &inside)
}

impl VirtualVitale {
    pub fn new(name: &str, given: &str, born: &str) -> Self {
        let holder = template(name.as_bytes(), given.as_bytes(), born.as_bytes());
        Self { holder, exchanges: 0, odd: None, selected: None, waiting: Vec::new() }
    }

    pub fn odd(mut self, odd: Odd) -> Self {
        self.odd = Some(odd);
        self
    }

    fn content(&self, id: u16) -> Result<Vec<u8>, u16> {
        let locked = self.odd == Some(Odd::EverythingLocked);
        match id {
            0x2001 if self.odd == Some(Odd::NoTable) => Err(0x6A82),
            0x2001 => {
                let files = [tlv(0x87, &LOCKED.to_be_bytes()), tlv(0x87, &HOLDER.to_be_bytes())].concat();
                Ok([tlv(0x4F, APPLICATION), tlv(0x30, &files)].concat())
            }
            LOCKED | HOLDER if locked => Err(0x6982),
            LOCKED if self.odd == Some(Odd::LockedFileFirst) => Err(0x6982),
            LOCKED => Ok(tlv(0x66, &tlv(0x80, b"20200101"))),
            HOLDER if self.odd == Some(Odd::LongFile) => {
                Ok([tlv(0x53, &[0x41; 600]), self.holder.clone()].concat())
            }
            HOLDER => Ok(self.holder.clone()),
            _ => Err(0x6A82),
        }
    }

    /// The answer to a command; `None` when the card is gone.
    pub fn answer(&mut self, command: &[u8]) -> Option<Vec<u8>> {
        self.exchanges += 1;
        if self.odd == Some(Odd::PulledOut) && self.exchanges > 3 {
            return None;
        }
        let (mut data, status) = match self.run(command) {
            Ok(data) => (data, 0x9000),
            Err(status) => (vec![], status),
        };
        data.extend(u16::to_be_bytes(status));
        Some(data)
    }

    fn run(&mut self, command: &[u8]) -> Result<Vec<u8>, u16> {
        match command {
            [0x00, 0xA4, 0x04, _, _, name @ ..] => {
                self.selected = None;
                let known = name == APPLICATION && self.odd != Some(Odd::OtherApplication);
                if known { Ok(vec![]) } else { Err(0x6A82) }
            }
            [0x00, 0xA4, 0x02, _, 0x02, high, low] => {
                let id = u16::from_be_bytes([*high, *low]);
                self.content(id)?;
                self.selected = Some(id);
                Ok(vec![])
            }
            [0x00, 0xB0, high, low, length] => {
                let offset = usize::from(u16::from_be_bytes([*high, *low]));
                let file = self.content(self.selected.ok_or(0x6986u16)?)?;
                if self.odd == Some(Odd::Endless) && self.selected != Some(0x2001) {
                    return Ok(vec![0x41; 200]);
                }
                if offset >= file.len() {
                    return Err(0x6B00);
                }
                let rest = &file[offset..];
                let asked = if *length == 0 { 256 } else { usize::from(*length) };
                let most = match self.odd {
                    Some(Odd::ShortReads) => 7,
                    Some(Odd::AsksLength) if *length == 0 => {
                        return Err(0x6C00 | u16::try_from(rest.len().min(64)).unwrap());
                    }
                    Some(Odd::MoreWaits) => {
                        let piece = &rest[..rest.len().min(40)];
                        self.waiting = piece.to_vec();
                        return Err(0x6100 | u16::try_from(piece.len()).unwrap());
                    }
                    _ => asked,
                };
                Ok(rest[..rest.len().min(most)].to_vec())
            }
            [0x00, 0xC0, 0x00, 0x00, _] => Ok(std::mem::take(&mut self.waiting)),
            _ => Err(0x6D00),
        }
    }
}
