//! MSSanté: composing a mail and handing it to the operator.
//!
//! Contract: the fact sheets on MSSanté (§3, §4, §6, §7) and on the XDM mail (§6); *Référentiel socle MSSanté #2*.
//!
//! * [`compose`] is pure: the same draft gives the same bytes, so that what was sent can be proved (MSS-40).
//! * [`SmtpClient::send`] speaks RFC 5321 to the operator's submission service and says precisely how it ended; in
//!   particular [`SmtpErrorKind::UnknownOutcome`] when the mail may have been accepted without our knowing.
//!
//! MIME is written by lettre. Sending is not: its connection takes no rustls configuration of ours (dedicated roots,
//! revocation lists) and does not tell the moment after which the outcome is unknown.
//!
//! Deliberately not here: IMAP, reading of receipts, retries and their delays (the send queue decides), the list of
//! authorised domains.

mod compose;
mod smtp;

pub use compose::{
    Attachment, ComposeError, ComposedMail, MailAddress, MailDraft, XdmAttachment, compose, xdm_subject,
};
pub use smtp::{
    Extensions, MailDeadlines, PermanentCause, RefusedRecipient, Reply, SecurityCause, SmtpAuth, SmtpClient,
    SmtpEndpoint, SmtpError, SmtpErrorKind, SmtpReceipt, SmtpStep,
};
