//! JSON-RPC 2.0 envelopes. One JSON object per line, UTF-8, ended by `\n`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{ErrorKind, WireError};
use super::event::Event;
use super::methods::{Method, Request};

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RpcRequest {
    /// Always `2.0`.
    pub jsonrpc: String,
    /// Chosen by the client; answers carry it back.
    pub id: u64,
    /// Name of the method.
    pub method: String,
    /// Parameters.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub params: Value,
    /// Milliseconds after which the client no longer waits; the daemon answers or gives up by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
}

impl RpcRequest {
    /// A call of a typed method.
    #[must_use]
    pub fn call<M: Method>(id: u64, params: &M::Params, deadline_ms: Option<u64>) -> Self {
        Self {
            jsonrpc: "2.0".to_owned(),
            id,
            method: M::NAME.to_owned(),
            params: serde_json::to_value(params).unwrap_or(Value::Null),
            deadline_ms,
        }
    }

    /// The typed request.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] for an unknown method or version, [`ErrorKind::Invalid`] for wrong parameters.
    pub fn typed(self) -> Result<Request, WireError> {
        if self.jsonrpc != "2.0" {
            return Err(WireError::new(ErrorKind::Protocol, "le message n'est pas du JSON-RPC 2.0"));
        }
        Request::from_parts(&self.method, self.params)
    }
}

/// What the daemon sends: an answer (with `id`) or an event (without).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RpcMessage {
    /// A good answer.
    Answer {
        /// Always `2.0`.
        jsonrpc: String,
        /// Id of the request.
        id: u64,
        /// Result of the method.
        result: Value,
    },
    /// A refusal or a fault; `id` is null when the line could not be read.
    Failure {
        /// Always `2.0`.
        jsonrpc: String,
        /// Id of the request.
        id: Option<u64>,
        /// The error.
        error: RpcError,
    },
    /// Something happened.
    Notification {
        /// Always `2.0`.
        jsonrpc: String,
        /// Always `event`.
        method: String,
        /// The event.
        params: Event,
    },
}

/// The JSON-RPC error object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RpcError {
    /// Number of the kind.
    pub code: i64,
    /// The cause.
    pub message: String,
    /// The whole error.
    pub data: WireError,
}

impl RpcMessage {
    /// Answer or failure for a request.
    #[must_use]
    pub fn reply(id: u64, outcome: Result<Value, WireError>) -> Self {
        match outcome {
            Ok(result) => Self::Answer { jsonrpc: "2.0".to_owned(), id, result },
            Err(error) => Self::failure(Some(id), error),
        }
    }

    /// A failure.
    #[must_use]
    pub fn failure(id: Option<u64>, error: WireError) -> Self {
        Self::Failure {
            jsonrpc: "2.0".to_owned(),
            id,
            error: RpcError { code: error.kind.rpc_code(), message: error.cause.clone(), data: error },
        }
    }

    /// An event.
    #[must_use]
    pub fn event(event: Event) -> Self {
        Self::Notification { jsonrpc: "2.0".to_owned(), method: "event".to_owned(), params: event }
    }

    /// One line, newline included.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}
