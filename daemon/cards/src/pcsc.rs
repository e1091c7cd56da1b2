//! PC/SC, the system's way to readers, opened at run time (`libpcsclite.so.1`): nothing is linked, so that a machine
//! without it builds and runs the same program.
//!
//! The unsafe lines of the project are those of `ffi` below: opening the library, finding its eight functions, calling
//! them. The types are those of pcsc-lite on Linux (`DWORD` is an unsigned long).
//!
//! Deliberately not here: other systems than Linux, exclusive access, PIN pads.

use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use crate::apdu::{Apdu, CardError, MAX_ANSWER};

/// Name of the library, as distributions install it.
pub const LIBRARY: &str = "libpcsclite.so.1";
/// Most readers looked at.
const MAX_READERS: usize = 16;

/// Ordinary states of a machine, and failures of its reader.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReaderError {
    /// The library is not installed.
    #[error("le logiciel des lecteurs de cartes (pcsc-lite) n'est pas installé sur ce poste")]
    NoLibrary,
    /// The service of the readers does not run.
    #[error("le service des lecteurs de cartes (pcscd) n'est pas lancé sur ce poste")]
    NoService,
    /// No reader is plugged.
    #[error("aucun lecteur de cartes n'est branché sur ce poste")]
    NoReader,
    /// No card in the reader.
    #[error("aucune carte dans le lecteur")]
    NoCard,
    /// Another program holds the card.
    #[error("un autre logiciel se sert de la carte")]
    Busy,
    /// Anything else, by its number.
    #[error("le lecteur de cartes répond {0:#010X}")]
    Other(u32),
}

impl ReaderError {
    fn of(code: u32) -> Self {
        match code {
            0x8010_001D | 0x8010_001E | 0x8010_0013 => Self::NoService,
            0x8010_002E | 0x8010_0009 | 0x8010_0017 => Self::NoReader,
            0x8010_000C | 0x8010_0069 | 0x8010_0066 | 0x8010_0067 => Self::NoCard,
            0x8010_000B => Self::Busy,
            other => Self::Other(other),
        }
    }
}

/// A reader, and whether a card is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Its name, as the system gives it.
    pub name: String,
    /// A card is in it.
    pub card: bool,
    /// State as the system counts it: given back to wait for the next change.
    state: libc::c_ulong,
}

/// The library, opened, with a context.
pub struct Readers(ffi::Context);

impl Readers {
    /// Opens the library of the system, or another file (tests), and the service of the readers.
    ///
    /// # Errors
    /// [`ReaderError::NoLibrary`], [`ReaderError::NoService`].
    pub fn open(library: &Path) -> Result<Self, ReaderError> {
        let api = ffi::Api::open(library).ok_or(ReaderError::NoLibrary)?;
        ffi::Context::establish(api).map(Self).map_err(ReaderError::of)
    }

    /// The readers, with what is in them.
    ///
    /// # Errors
    /// [`ReaderError::NoReader`] when there is none.
    pub fn slots(&self) -> Result<Vec<Slot>, ReaderError> {
        let names = self.0.readers(MAX_READERS).map_err(ReaderError::of)?;
        if names.is_empty() {
            return Err(ReaderError::NoReader);
        }
        let mut slots: Vec<Slot> =
            names.into_iter().map(|name| Slot { name, card: false, state: 0 }).collect();
        self.wait(&mut slots, Duration::ZERO)?;
        Ok(slots)
    }

    /// Waits until something changes in one of these readers, at most so long; true when something did.
    ///
    /// # Errors
    /// [`ReaderError`]: a reader that was unplugged among others.
    pub fn wait(&self, slots: &mut [Slot], at_most: Duration) -> Result<bool, ReaderError> {
        let asked: Vec<(&str, libc::c_ulong)> = slots.iter().map(|s| (s.name.as_str(), s.state)).collect();
        let states = match self.0.status_change(&asked, at_most) {
            Ok(states) => states,
            // Time is over.
            Err(0x8010_000A) => return Ok(false),
            Err(code) => return Err(ReaderError::of(code)),
        };
        for (slot, state) in slots.iter_mut().zip(states) {
            slot.card = state & ffi::STATE_PRESENT != 0;
            slot.state = state & !ffi::STATE_CHANGED;
        }
        Ok(true)
    }

    /// The card of a reader.
    ///
    /// # Errors
    /// [`ReaderError::NoCard`], [`ReaderError::Busy`].
    pub fn connect(&self, reader: &str) -> Result<Card<'_>, ReaderError> {
        self.0.connect(reader).map(Card).map_err(ReaderError::of)
    }
}

/// A card in a reader; let go of when dropped.
pub struct Card<'a>(ffi::Handle<'a>);

impl Apdu for Card<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, CardError> {
        self.0
            .transmit(command, MAX_ANSWER)
            .map_err(|code| CardError::Transport(ReaderError::of(code).to_string()))
    }
}

/// What is to be told of the readers of this machine, in one sentence.
#[must_use]
pub fn sentence(library: &Path) -> String {
    let slots = match Readers::open(library).and_then(|r| r.slots()) {
        Ok(slots) => slots,
        Err(e) => return e.to_string(),
    };
    let one = |s: &Slot| format!("{}{}", s.name, if s.card { " (carte présente)" } else { " (sans carte)" });
    slots.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[allow(unsafe_code, reason = "a C library opened at run time has no other face")]
mod ffi {
    //! The eight functions of PC/SC that are used, and nothing else.

    use std::ffi::{CStr, CString, c_char, c_long, c_ulong, c_void};
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;
    use std::ptr;
    use std::time::Duration;

    type Word = c_ulong;
    type Long = c_long;

    pub const STATE_CHANGED: Word = 0x0002;
    pub const STATE_PRESENT: Word = 0x0020;
    const SCOPE_SYSTEM: Word = 2;
    const SHARE_SHARED: Word = 2;
    const ANY_PROTOCOL: Word = 3;
    const LEAVE_CARD: Word = 0;
    const MAX_NAMES: usize = 4096;

    #[repr(C)]
    struct IoRequest {
        protocol: Word,
        length: Word,
    }

    #[repr(C)]
    struct ReaderState {
        reader: *const c_char,
        user: *mut c_void,
        current: Word,
        event: Word,
        atr_length: Word,
        atr: [u8; 33],
    }

    type Establish = unsafe extern "C" fn(Word, *const c_void, *const c_void, *mut Long) -> Long;
    type Release = unsafe extern "C" fn(Long) -> Long;
    type List = unsafe extern "C" fn(Long, *const c_char, *mut c_char, *mut Word) -> Long;
    type Status = unsafe extern "C" fn(Long, Word, *mut ReaderState, Word) -> Long;
    type Connect = unsafe extern "C" fn(Long, *const c_char, Word, Word, *mut Long, *mut Word) -> Long;
    type Disconnect = unsafe extern "C" fn(Long, Word) -> Long;
    type Transmit = unsafe extern "C" fn(
        Long,
        *const IoRequest,
        *const u8,
        Word,
        *mut IoRequest,
        *mut u8,
        *mut Word,
    ) -> Long;

    /// The functions of an opened library. It is never closed: it keeps threads of its own.
    #[derive(Clone, Copy)]
    pub struct Api {
        establish: Establish,
        release: Release,
        list: List,
        status: Status,
        connect: Connect,
        disconnect: Disconnect,
        transmit: Transmit,
    }

    impl Api {
        pub fn open(library: &Path) -> Option<Self> {
            let path = CString::new(library.as_os_str().as_bytes()).ok()?;
            // SAFETY: a valid C string; what the library runs when loaded is the system's own.
            let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
            if handle.is_null() {
                return None;
            }
            let symbol = |name: &CStr| {
                // SAFETY: the handle is open and stays so.
                let found = unsafe { libc::dlsym(handle, name.as_ptr()) };
                (!found.is_null()).then_some(found)
            };
            // SAFETY: the symbols are functions with these signatures in every pcsc-lite since 1.5 (winscard.h); a data
            // pointer and a function pointer have the same size where dlsym exists.
            unsafe {
                Some(Self {
                    establish: std::mem::transmute::<*mut c_void, Establish>(symbol(
                        c"SCardEstablishContext",
                    )?),
                    release: std::mem::transmute::<*mut c_void, Release>(symbol(c"SCardReleaseContext")?),
                    list: std::mem::transmute::<*mut c_void, List>(symbol(c"SCardListReaders")?),
                    status: std::mem::transmute::<*mut c_void, Status>(symbol(c"SCardGetStatusChange")?),
                    connect: std::mem::transmute::<*mut c_void, Connect>(symbol(c"SCardConnect")?),
                    disconnect: std::mem::transmute::<*mut c_void, Disconnect>(symbol(c"SCardDisconnect")?),
                    transmit: std::mem::transmute::<*mut c_void, Transmit>(symbol(c"SCardTransmit")?),
                })
            }
        }
    }

    /// Codes are 32 bits wide, whatever the width of a long.
    fn code(result: Long) -> Result<(), u32> {
        let bytes = result.to_le_bytes();
        let low = bytes.first_chunk::<4>().map_or(0, |b| u32::from_le_bytes(*b));
        if low == 0 { Ok(()) } else { Err(low) }
    }

    fn word(n: usize) -> Word {
        Word::try_from(n).unwrap_or(0)
    }

    pub struct Context {
        api: Api,
        handle: Long,
    }

    impl Drop for Context {
        fn drop(&mut self) {
            // SAFETY: the context was established and is released once.
            unsafe { (self.api.release)(self.handle) };
        }
    }

    impl Context {
        pub fn establish(api: Api) -> Result<Self, u32> {
            let mut handle: Long = 0;
            // SAFETY: the reserved pointers are null as required, the last one is ours.
            code(unsafe { (api.establish)(SCOPE_SYSTEM, ptr::null(), ptr::null(), &raw mut handle) })?;
            Ok(Self { api, handle })
        }

        pub fn readers(&self, most: usize) -> Result<Vec<String>, u32> {
            let mut names = vec![0u8; MAX_NAMES];
            let mut length = word(names.len());
            // SAFETY: the buffer holds `length` bytes; the function writes at most that and says how many.
            code(unsafe {
                (self.api.list)(self.handle, ptr::null(), names.as_mut_ptr().cast(), &raw mut length)
            })?;
            names.truncate(usize::try_from(length).unwrap_or(0));
            // Names end with a null byte each, the list with one more.
            let names = names.split(|b| *b == 0).filter(|n| !n.is_empty()).take(most);
            Ok(names.map(|n| String::from_utf8_lossy(n).into_owned()).collect())
        }

        pub fn status_change(&self, readers: &[(&str, Word)], at_most: Duration) -> Result<Vec<Word>, u32> {
            const NO_READER: u32 = 0x8010_0009;
            let names: Vec<CString> = readers
                .iter()
                .map(|(n, _)| CString::new(*n))
                .collect::<Result<_, _>>()
                .map_err(|_| NO_READER)?;
            let mut states: Vec<ReaderState> = names
                .iter()
                .zip(readers)
                .map(|(name, (_, state))| ReaderState {
                    reader: name.as_ptr(),
                    user: ptr::null_mut(),
                    current: *state,
                    event: 0,
                    atr_length: 0,
                    atr: [0; 33],
                })
                .collect();
            let wait = Word::try_from(at_most.as_millis()).unwrap_or(Word::from(u32::MAX) - 1);
            // SAFETY: as many states as said; their names live in `names` until the call is over.
            code(unsafe { (self.api.status)(self.handle, wait, states.as_mut_ptr(), word(states.len())) })?;
            Ok(states.iter().map(|s| s.event).collect())
        }

        pub fn connect(&self, reader: &str) -> Result<Handle<'_>, u32> {
            let name = CString::new(reader).map_err(|_| 0x8010_0009u32)?;
            let (mut card, mut protocol): (Long, Word) = (0, 0);
            // SAFETY: a valid C string, and two places of ours.
            code(unsafe {
                (self.api.connect)(
                    self.handle,
                    name.as_ptr(),
                    SHARE_SHARED,
                    ANY_PROTOCOL,
                    &raw mut card,
                    &raw mut protocol,
                )
            })?;
            Ok(Handle { context: self, card, protocol })
        }
    }

    pub struct Handle<'a> {
        context: &'a Context,
        card: Long,
        protocol: Word,
    }

    impl Drop for Handle<'_> {
        fn drop(&mut self) {
            // SAFETY: the card was connected and is let go of once.
            unsafe { (self.context.api.disconnect)(self.card, LEAVE_CARD) };
        }
    }

    impl Handle<'_> {
        pub fn transmit(&mut self, command: &[u8], most: usize) -> Result<Vec<u8>, u32> {
            let mut answer = vec![0u8; most];
            let mut length = word(answer.len());
            let request = IoRequest { protocol: self.protocol, length: word(size_of::<IoRequest>()) };
            // SAFETY: both buffers are as long as said; the function writes at most `length` bytes and says how many.
            code(unsafe {
                (self.context.api.transmit)(
                    self.card,
                    &raw const request,
                    command.as_ptr(),
                    word(command.len()),
                    ptr::null_mut(),
                    answer.as_mut_ptr(),
                    &raw mut length,
                )
            })?;
            answer.truncate(usize::try_from(length).unwrap_or(0));
            Ok(answer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_the_library_is_an_ordinary_state() {
        let absent = Path::new("/nowhere/libpcsclite.so.1");
        assert_eq!(Readers::open(absent).err(), Some(ReaderError::NoLibrary));
        assert!(sentence(absent).contains("n'est pas installé"));
        // A library that is not this one is no library.
        assert_eq!(Readers::open(Path::new("libc.so.6")).err(), Some(ReaderError::NoLibrary));
    }

    #[test]
    fn what_the_service_answers_has_a_sentence() {
        for (code, expected) in [
            (0x8010_001D, ReaderError::NoService),
            (0x8010_002E, ReaderError::NoReader),
            (0x8010_000C, ReaderError::NoCard),
            (0x8010_0069, ReaderError::NoCard),
            (0x8010_000B, ReaderError::Busy),
            (0x8010_0001, ReaderError::Other(0x8010_0001)),
        ] {
            assert_eq!(ReaderError::of(code), expected);
        }
    }
}
