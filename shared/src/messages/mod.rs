//! French sentences that the daemon and the workstation both need: why an order has not left, what cures it, what an
//! identity lacks. Screens and command line have their own in the workstation.

pub mod fr;
