//! Credentials of one sandbox: made at random when it starts, recognisable by their prefix, worth nothing elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;

use super::bamboo_agents::{READER, WRITER};
use super::exchange::Request;
use crate::core::error::System;

/// What a client needs to reach the four systems.
#[derive(Clone)]
pub struct Credentials {
    /// G&L: name of the user for `loginUser`. No authentication source is needed.
    pub gl_username: String,
    /// G&L: password of the user.
    pub gl_password: String,
    /// G&L: id of the trusted application for `loginTrustedApp`.
    pub gl_client_id: String,
    /// G&L: secret of the trusted application.
    pub gl_client_secret: String,
    /// G&L: a token of the user that is valid from the start.
    pub gl_token: String,
    /// G&L: a token of a user who may read, but not change reviews.
    pub gl_limited_token: String,
    /// SD Elements: API token of an administrator.
    pub sde_token: String,
    /// SD Elements: API token of a user who may neither see connection parameters nor run jobs.
    pub sde_limited_token: String,
    /// Sectona: the access key.
    pub sectona_access_key: String,
    /// Bamboo: name of the administrator.
    pub bamboo_username: String,
    /// Bamboo: password of the administrator.
    pub bamboo_password: String,
    /// Bamboo: personal access token of the administrator.
    pub bamboo_token: String,
    /// Bamboo: personal access token without the administrator's rights.
    pub bamboo_limited_token: String,
    /// Bamboo: uuid of an access token of the plugin's that may look at agents and change them.
    pub bamboo_access_token: String,
    /// Bamboo: uuid of an access token of the plugin's that may look at agents.
    pub bamboo_reading_token: String,
}

impl Credentials {
    pub(crate) fn random() -> Credentials {
        let mut rng = Rng::new();
        Credentials {
            gl_username: format!("sbx-gl-user-{}", hex(&mut rng, 6)),
            gl_password: format!("sbx-gl-pw-<&>\"{}", hex(&mut rng, 20)),
            gl_client_id: format!("sbx-gl-app-{}", hex(&mut rng, 6)),
            gl_client_secret: format!("sbx-gl-secret-{}", hex(&mut rng, 24)),
            gl_token: governance_token(&mut rng, "ws"),
            gl_limited_token: governance_token(&mut rng, "ws"),
            sde_token: format!("sbx-sde-{}", hex(&mut rng, 32)),
            sde_limited_token: format!("sbx-sde-limited-{}", hex(&mut rng, 32)),
            sectona_access_key: format!("sbx-pam-{}:{}", hex(&mut rng, 12), hex(&mut rng, 12)),
            bamboo_username: "sbx-bamboo-admin".to_owned(),
            bamboo_password: format!("sbx-bamboo-pw-{}", hex(&mut rng, 20)),
            bamboo_token: format!("sbx-bamboo-pat-{}", hex(&mut rng, 28)),
            bamboo_limited_token: format!("sbx-bamboo-limited-{}", hex(&mut rng, 28)),
            bamboo_access_token: WRITER.to_owned(),
            bamboo_reading_token: READER.to_owned(),
        }
    }

    /// Everything that must never be written down.
    pub(crate) fn secrets(&self) -> Vec<String> {
        [
            &self.gl_password,
            &self.gl_client_secret,
            &self.gl_token,
            &self.gl_limited_token,
            &self.sde_token,
            &self.sde_limited_token,
            &self.sectona_access_key,
            &self.bamboo_password,
            &self.bamboo_token,
            &self.bamboo_limited_token,
            &self.bamboo_access_token,
            &self.bamboo_reading_token,
        ]
        .into_iter()
        .cloned()
        .collect()
    }

    /// System, name and value of each credential.
    pub(crate) fn named(&self) -> Vec<(System, &'static str, &str)> {
        use System::{BambooAgents, GovernanceLifecycle, SdElements, Sectona};
        vec![
            (GovernanceLifecycle, "username", &self.gl_username),
            (GovernanceLifecycle, "password", &self.gl_password),
            (GovernanceLifecycle, "client_id", &self.gl_client_id),
            (GovernanceLifecycle, "client_secret", &self.gl_client_secret),
            (GovernanceLifecycle, "token", &self.gl_token),
            (GovernanceLifecycle, "limited_token", &self.gl_limited_token),
            (SdElements, "token", &self.sde_token),
            (SdElements, "limited_token", &self.sde_limited_token),
            (Sectona, "access_key", &self.sectona_access_key),
            (BambooAgents, "username", &self.bamboo_username),
            (BambooAgents, "password", &self.bamboo_password),
            (BambooAgents, "token", &self.bamboo_token),
            (BambooAgents, "limited_token", &self.bamboo_limited_token),
            (BambooAgents, "access_token", &self.bamboo_access_token),
            (BambooAgents, "reading_access_token", &self.bamboo_reading_token),
        ]
    }
}

/// A G&L token in its documented form: `ws` (user) or `ta` (application), then hex, colons, minus signs and a dot.
pub(crate) fn governance_token(rng: &mut Rng, prefix: &str) -> String {
    format!(
        "{prefix}{}:{}:-{}.{}",
        hex(rng, 8),
        hex(rng, 8),
        hex(rng, 8),
        hex(rng, 4)
    )
}

/// A random version 4 UUID as text.
pub(crate) fn random_uuid(rng: &mut Rng) -> String {
    let variant = ["8", "9", "a", "b"].get(rng.usize(..4)).copied().unwrap_or("8");
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        hex(rng, 8),
        hex(rng, 4),
        hex(rng, 3),
        hex(rng, 3),
        hex(rng, 12)
    )
}

pub(crate) fn hex(rng: &mut Rng, length: usize) -> String {
    (0..length)
        .map(|_| char::from_digit(rng.u32(..16), 16).unwrap_or('0'))
        .collect()
}

/// Splits `Authorization` into the scheme, in lower case, and the rest.
pub(crate) fn authorization(request: &Request) -> Option<(String, String)> {
    let value = request.header("authorization");
    let (scheme, rest) = value.split_once(' ')?;
    Some((scheme.to_ascii_lowercase(), rest.trim_start().to_owned()))
}

/// User name and password of HTTP Basic authentication.
pub(crate) fn basic(request: &Request) -> Option<(String, String)> {
    let (scheme, rest) = authorization(request)?;
    if scheme != "basic" {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
