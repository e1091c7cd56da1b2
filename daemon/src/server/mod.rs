//! The socket: listening, who calls, connections, dispatch of requests to services.

pub mod connection;
pub mod dispatch;
pub mod listener;
