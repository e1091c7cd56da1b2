//! Commands and answers of a card (ISO 7816-4), whatever carries them.

use thiserror::Error;

/// Longest answer accepted, status word included: a short APDU never gives more.
pub const MAX_ANSWER: usize = 258;

/// Why a card gave nothing usable.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CardError {
    /// The card left the reader, or the reader failed, in the words of its component.
    #[error("{0}")]
    Transport(String),
    /// The card refused: its status word.
    #[error("status word {0:04X}")]
    Status(u16),
    /// An answer that is none: too short, too long.
    #[error("unreadable answer")]
    Malformed,
}

/// What carries a command to a card.
pub trait Apdu {
    /// One exchange: the answer with its status word.
    ///
    /// # Errors
    /// [`CardError::Transport`].
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError>;
}

/// One command; what a card asks for to give its answer (`61xx`, `6Cxx`) is done once each.
///
/// # Errors
/// [`CardError`]; any status word but `9000` is an error.
pub fn exchange(card: &mut dyn Apdu, command: &[u8]) -> Result<Vec<u8>, CardError> {
    let (mut data, mut status) = once(card, command)?;
    if status >> 8 == 0x6C
        && let Some((_, head)) = command.split_last()
    {
        // The length asked for was wrong: the card says the right one.
        let mut again = head.to_vec();
        again.push(status.to_be_bytes()[1]);
        (data, status) = once(card, &again)?;
    }
    if status >> 8 == 0x61 {
        let rest = [0x00, 0xC0, 0x00, 0x00, status.to_be_bytes()[1]];
        let more;
        (more, status) = once(card, &rest)?;
        data.extend(more);
    }
    match status {
        // 6282: the end of the file came before the length asked for.
        0x9000 | 0x6282 => Ok(data),
        other => Err(CardError::Status(other)),
    }
}

fn once(card: &mut dyn Apdu, command: &[u8]) -> Result<(Vec<u8>, u16), CardError> {
    let mut answer = card.transmit(command)?;
    if answer.len() > MAX_ANSWER {
        return Err(CardError::Malformed);
    }
    let (Some(low), Some(high)) = (answer.pop(), answer.pop()) else { return Err(CardError::Malformed) };
    Ok((answer, u16::from_be_bytes([high, low])))
}

/// SELECT by name of an application, without asking for its description.
///
/// # Errors
/// [`CardError`].
pub fn select_application(card: &mut dyn Apdu, name: &[u8]) -> Result<(), CardError> {
    let length = u8::try_from(name.len()).map_err(|_| CardError::Malformed)?;
    let mut command = vec![0x00, 0xA4, 0x04, 0x0C, length];
    command.extend_from_slice(name);
    exchange(card, &command).map(|_| ())
}

/// SELECT of a file under the current application.
///
/// # Errors
/// [`CardError`].
pub fn select_file(card: &mut dyn Apdu, id: u16) -> Result<(), CardError> {
    let [high, low] = id.to_be_bytes();
    exchange(card, &[0x00, 0xA4, 0x02, 0x0C, 0x02, high, low]).map(|_| ())
}

/// READ BINARY of the selected file until it ends, at most `max` bytes.
///
/// # Errors
/// [`CardError`] when nothing at all could be read.
pub fn read_file(card: &mut dyn Apdu, max: usize) -> Result<Vec<u8>, CardError> {
    let mut bytes: Vec<u8> = Vec::new();
    while bytes.len() < max {
        // The offset has fifteen bits.
        let Ok(offset) = u16::try_from(bytes.len()) else { break };
        if offset > 0x7FFF {
            break;
        }
        let [high, low] = offset.to_be_bytes();
        match exchange(card, &[0x00, 0xB0, high, low, 0x00]) {
            Ok(piece) if piece.is_empty() => break,
            Ok(piece) => bytes.extend(piece),
            // Past the end.
            Err(CardError::Status(0x6B00 | 0x6A86 | 0x6700)) if !bytes.is_empty() => break,
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(max);
    Ok(bytes)
}
