//! Signs of status. Each stands beside its word and has an ASCII twin; colour only comes third.

use paillasse_shared::domain::identity::Status;
use paillasse_shared::domain::order::OrderState;

use crate::theme::Role;

/// A sign: as drawn, its ASCII twin, its role.
#[derive(Debug, Clone, Copy)]
pub struct Sign {
    unicode: &'static str,
    ascii: &'static str,
    /// How it is coloured, when there are colours.
    pub role: Role,
}

impl Sign {
    const fn new(unicode: &'static str, ascii: &'static str, role: Role) -> Self {
        Sign { unicode, ascii, role }
    }

    /// The sign to draw.
    #[must_use]
    pub fn get(self, ascii: bool) -> &'static str {
        if ascii { self.ascii } else { self.unicode }
    }
}

/// Sign of an identity status.
#[must_use]
pub fn identity(status: Status) -> Sign {
    match status {
        Status::Provisoire => Sign::new("○", "o", Role::StatusHold),
        Status::Recuperee => Sign::new("◇", "<", Role::StatusWait),
        Status::Validee => Sign::new("□", "v", Role::StatusWait),
        Status::Qualifiee => Sign::new("◆", "#", Role::StatusOk),
    }
}

/// Sign of a delivery.
#[must_use]
pub fn delivery(state: OrderState) -> Sign {
    match state {
        OrderState::Scheduled => Sign::new("·", ".", Role::Quiet),
        OrderState::Leased => Sign::new("…", "~", Role::StatusWait),
        OrderState::Unknown => Sign::new("?", "?", Role::StatusAlert),
        OrderState::Delivered => Sign::new("✓", "+", Role::StatusOk),
        OrderState::Held => Sign::new("‖", "=", Role::StatusHold),
        OrderState::Parked => Sign::new("!", "!", Role::StatusAlert),
        OrderState::Cancelled => Sign::new("×", "x", Role::StatusOff),
    }
}
