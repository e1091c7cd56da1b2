//! XML toolbox shared by the documents and the connectors: reading within bounds, escaping, canonical form, and
//! the RSA identity that signs.
//!
//! A crate of its own because a signed lot (documents) and a signed assertion (connectors) need the same
//! primitives, and neither of these crates may depend on the other.
//!
//! Deliberately not here: DTD and entity expansion (refused), schema validation, exclusive canonicalisation (the
//! assertions we sign are written in canonical form from the start), verification of other people's signatures.

pub mod c14n;
pub mod escape;
pub mod identity;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tree;

pub use c14n::{CanonError, canonicalize};
pub use escape::{attribute, text};
pub use identity::{CertificateName, Digest, DnOrder, IdentityError, SigningIdentity, card_name};
pub use tree::{Attribute, Element, Limits, Node, XmlError, parse, parse_with};
