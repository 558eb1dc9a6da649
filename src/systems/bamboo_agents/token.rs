//! An access token of the plugin. Its uuid opens the agents, so it is a secret like a password.

use serde::Serialize;

use crate::core::lenient;
use crate::core::secret::Secret;
use crate::record;

record! {
    /// An access token: `uuid` is the credential itself, `read` and `change` are what it allows.
    pub struct AccessToken {
        required {
            /// The credential that opens the agents.
            uuid: Secret = "uuid" => given_uuid,
            /// For people; it need not be unique.
            name: String = "name" => lenient::text,
            /// Whether it may look.
            read: bool = "read" => lenient::flag,
            /// Whether it may change.
            change: bool = "change" => lenient::flag,
        }
        optional {}
        set {}
    }
}

/// What `ensure` found or made.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq)]
pub struct EnsureResult {
    /// The token as it is now.
    pub token: AccessToken,
    /// Whether it was created or updated.
    pub changed: bool,
}

crate::fields!(EnsureResult { token, changed });

fn given_uuid(raw: &serde_json::value::RawValue) -> Option<Secret> {
    lenient::secret(raw).filter(|uuid| !uuid.is_empty())
}

/// The wire form of a token to be made or replaced.
#[derive(Serialize)]
pub(super) struct Body<'t> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid: Option<&'t str>,
    pub name: &'t str,
    pub read: bool,
    pub change: bool,
}
