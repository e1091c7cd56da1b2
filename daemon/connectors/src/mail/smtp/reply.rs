//! SMTP replies and what they mean for the send queue (fact sheet on MSSanté, §7).

use super::{PermanentCause, SmtpErrorKind, SmtpStep};

/// Longest words of the peer kept, in characters.
const MAX_WORDS: usize = 1_000;

/// A reply, the peer's own words kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// Enhanced status (RFC 3463) when the text begins with one of the same class.
    pub enhanced: Option<(u8, u16, u16)>,
    /// The lines joined with ` / `, at most 1,000 characters. May hold an address: for the record, not for the log.
    pub text: String,
}

impl Reply {
    /// From the lines of one reply, each at least `NNN` or `NNN text`.
    pub(super) fn from_lines(lines: &[String]) -> Option<Self> {
        let code: u16 = lines.first()?.get(..3)?.parse().ok()?;
        if !(200..600).contains(&code) {
            return None;
        }
        let texts: Vec<&str> = lines.iter().map(|line| line.get(4..).unwrap_or_default().trim()).collect();
        let enhanced = texts
            .first()
            .and_then(|text| enhanced(text))
            .filter(|(class, _, _)| u16::from(*class) == code / 100);
        Some(Self { code, enhanced, text: texts.join(" / ").chars().take(MAX_WORDS).collect() })
    }

    pub(super) fn is_positive(&self) -> bool {
        self.code < 400
    }
}

fn enhanced(text: &str) -> Option<(u8, u16, u16)> {
    let mut parts = text.split_whitespace().next()?.split('.');
    let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !matches!(class, "2" | "4" | "5") || subject.len() > 3 || detail.len() > 3 {
        return None;
    }
    Some((class.parse().ok()?, subject.parse().ok()?, detail.parse().ok()?))
}

/// What a negative reply means. The enhanced status speaks before the basic code, because operators give 550 for
/// everything.
pub(super) fn classify(reply: &Reply, step: SmtpStep) -> SmtpErrorKind {
    use PermanentCause as Cause;
    let permanent = SmtpErrorKind::Permanent;
    if (400..500).contains(&reply.code) {
        return SmtpErrorKind::Temporary;
    }
    match reply.code {
        530 | 534 | 535 | 538 => return SmtpErrorKind::Authentication,
        523 => return permanent(Cause::TooLarge),
        _ => {}
    }
    match reply.enhanced {
        Some((5, 7, 8)) => return SmtpErrorKind::Authentication,
        Some((5, 2, 2)) => return permanent(Cause::MailboxFull),
        Some((5, 2, 3) | (5, 3, 4)) => return permanent(Cause::TooLarge),
        Some((5, 1, 7 | 8)) => return permanent(Cause::Refused), // the sender's address is at fault, not the recipient
        Some((5, 1, _) | (5, 2, 1)) => return permanent(Cause::UnknownMailbox),
        Some((5, 7, _)) => return permanent(Cause::Refused),
        _ => {}
    }
    if step == SmtpStep::Auth {
        return SmtpErrorKind::Authentication;
    }
    match reply.code {
        550 if step == SmtpStep::Recipient => permanent(Cause::UnknownMailbox),
        551 | 553 if step == SmtpStep::Recipient => permanent(Cause::UnknownMailbox),
        552 => permanent(Cause::TooLarge),
        _ => permanent(Cause::Refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: &str, step: SmtpStep) -> SmtpErrorKind {
        classify(&Reply::from_lines(&[line.to_owned()]).unwrap(), step)
    }

    #[test]
    fn mss_29_replies_are_classified_as_the_contract_says() {
        use SmtpStep::{Auth, Data, Final, Greeting, Mail, Recipient};
        for (line, step) in [
            ("421 closing", Greeting),
            ("450 4.2.1 try later", Recipient),
            ("451 local error", Final),
            ("452 4.3.1 disk", Data),
            ("454 4.7.0 auth server down", Auth),
        ] {
            assert_eq!(kind(line, step), SmtpErrorKind::Temporary, "{line}");
        }
        for (line, step) in [
            ("530 5.7.0 authenticate first", Mail),
            ("535 5.7.8 bad", Auth),
            ("534 weak", Auth),
            ("501 5.5.2 bad response", Auth),
            ("554 5.7.8 token", Mail),
        ] {
            assert_eq!(kind(line, step), SmtpErrorKind::Authentication, "{line}");
        }
        for (line, step, cause) in [
            ("550 5.1.1 no such user", Recipient, PermanentCause::UnknownMailbox),
            ("550 unknown", Recipient, PermanentCause::UnknownMailbox),
            ("551 user not local", Recipient, PermanentCause::UnknownMailbox),
            ("553 5.1.3 bad address", Recipient, PermanentCause::UnknownMailbox),
            ("552 too big", Final, PermanentCause::TooLarge),
            ("552 5.3.4 too big", Mail, PermanentCause::TooLarge),
            ("523 limit", Final, PermanentCause::TooLarge),
            ("552 5.2.2 quota", Recipient, PermanentCause::MailboxFull),
            ("541 rejected", Final, PermanentCause::Refused),
            ("554 5.7.1 not in the trusted domains", Recipient, PermanentCause::Refused),
            ("550 5.7.1 policy", Recipient, PermanentCause::Refused),
            ("550 content refused", Final, PermanentCause::Refused),
            ("553 5.1.8 sender not owned", Mail, PermanentCause::Refused),
            ("502 unknown command", Data, PermanentCause::Refused),
        ] {
            assert_eq!(kind(line, step), SmtpErrorKind::Permanent(cause), "{line}");
        }
    }

    #[test]
    fn replies_keep_the_peers_words() {
        let lines = ["550-5.1.1 first line".to_owned(), "550 second".to_owned()];
        let reply = Reply::from_lines(&lines).unwrap();
        assert_eq!(
            (reply.code, reply.enhanced, reply.text.as_str()),
            (550, Some((5, 1, 1)), "5.1.1 first line / second")
        );
        assert_eq!(Reply::from_lines(&["250 4.1.1 odd".into()]).unwrap().enhanced, None);
        for bad in ["", "25", "abc ok", "999 x", "199 x"] {
            assert_eq!(Reply::from_lines(&[bad.to_owned()]), None, "{bad}");
        }
    }
}
