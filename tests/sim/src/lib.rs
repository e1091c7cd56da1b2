//! Simulators of the national services, written from the published contracts alone.
pub mod c14n;
pub mod ca;
pub mod cert;
pub mod dsig;
pub mod http;
pub mod insi;
pub mod journal;
pub mod mime;
pub mod outage;
pub mod people;
pub mod soap;
pub mod tls;
pub mod xml;
