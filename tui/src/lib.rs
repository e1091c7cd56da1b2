//! Paillasse.
