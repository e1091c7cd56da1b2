//! Broken input is refused, never fatal: cuts of valid messages, bytes of them spoilt.

use paillasse_sim::{mime, smtp::rules, xml};

use super::common::pki;
use super::lot::Lot;

#[test]
fn cut_or_spoilt_messages_are_refused_without_harm() {
    let _ = pki();
    let (_, mtom) = Lot::new(1).mtom();
    let envelope = Lot::new(1).envelope().into_bytes();
    let mail = super::mail::mail("m-1").into_bytes();
    for end in (0..mtom.len()).step_by(61) {
        assert!(mime::multipart(&mtom[..end], "b0undary").is_err(), "{end}");
    }
    for end in (0..envelope.len()).step_by(61) {
        assert!(xml::parse(&envelope[..end]).is_err(), "{end}");
    }
    for end in (0..mail.len() - 100).step_by(3) {
        let verdict = rules::judge(&mail[..end], super::mail::BOX, &[]);
        assert!(!verdict.errors.is_empty(), "{end}");
    }
    for at in (0..envelope.len()).step_by(97) {
        for byte in [0, b'<', b'&', b'"', 0xff] {
            let mut spoilt = envelope.clone();
            spoilt[at] = byte;
            if byte == 0xff || byte == 0 {
                assert!(xml::parse(&spoilt).is_err(), "{at}");
            } else if let Ok(doc) = xml::parse(&spoilt) {
                let form = paillasse_sim::c14n::C14n::INCLUSIVE;
                let once = form.document(&doc);
                // What was read can be read again, and is already canonical.
                assert_eq!(form.document(&xml::parse(&once).unwrap()), once, "{at}");
            }
        }
    }
}
