//! The vault's operations. Every request is logged there, so nothing is sent twice unless provably not sent.
//!
//! Documented: <https://docs.sectona.com/pam-technical-documentation/6.0/api-password-vault>

use http::Method;
use serde::Serialize;

use super::account::VaultAccount;
use super::envelope::{Content, Envelope, Reading};
use super::json::{Members, unescaped};
use super::session::{RefusedKeys, Sectona};
use crate::core::answer::Answer;
use crate::core::bulk::{self, Results};
use crate::core::error::Error;
use crate::core::redact::is_secret_name;
use crate::core::request::Request;
use crate::core::retry::Effect;
use crate::core::secret::Secret;
use crate::core::target::Target;
use crate::core::transport::Call;

/// What to know where the fate of a request is not known.
pub(super) const RECIPE: &str =
    "the vault may have handed the password out and logged it; asking again is logged again";

/// Which account's secret to ask for. Everything is passed on as it is: names are compared there.
#[cfg_attr(feature = "python", pyo3::pyclass(frozen, get_all, module = "infosecops"))]
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AccountRequest {
    /// The type of asset, as it is named in Sectona, such as `Unix Based`.
    pub asset_type: String,
    /// Host name or address.
    pub asset_host: String,
    /// The database instance; empty for assets that are no databases.
    #[serde(rename = "DBInstance")]
    pub db_instance: String,
    /// The account's name on the asset.
    pub account_name: String,
    /// The Sectona instance, `Default` where there is but one.
    pub instance: String,
}

impl AccountRequest {
    /// What the vault can't do without.
    ///
    /// # Errors
    /// A name that is empty.
    pub fn check(&self) -> Result<(), Error> {
        let required = [
            ("asset_type", &self.asset_type),
            ("asset_host", &self.asset_host),
            ("account_name", &self.account_name),
            ("instance", &self.instance),
        ];
        match required.iter().find(|(_, value)| value.trim().is_empty()) {
            Some((name, _)) => Err(Error::config(format!("{name}: must not be empty"))),
            None => Ok(()),
        }
    }
}

crate::fields!(AccountRequest {
    asset_type,
    asset_host,
    account_name,
    instance,
    db_instance
});

/// One account with its password or key.
///
/// # Errors
/// By the vault's code; `UnexpectedContent` if it reports success and the record or its password is missing.
pub async fn request_password(
    client: &Sectona,
    call: &Call,
    account: &AccountRequest,
    fresh: bool,
) -> Result<VaultAccount, Error> {
    one(
        client,
        call,
        "request_password",
        account,
        fresh,
        &RefusedKeys::default(),
    )
    .await
}

/// How many passwords are asked for.
#[derive(Clone)]
pub struct Many {
    /// Requests at a time.
    pub max_concurrency: usize,
    /// Whether what is kept is passed over.
    pub fresh: bool,
    /// Hears of every one that has ended.
    pub listener: Option<bulk::Listener<VaultAccount>>,
}

/// Many accounts, in the order of `accounts`. Each request has the client's timeout of its own.
///
/// # Errors
/// If an account can't be asked for or the access key can't be had, nothing was sent; else those of the listener.
pub async fn request_passwords(
    client: &Sectona,
    call: &Call,
    accounts: &[AccountRequest],
    many: &Many,
) -> Result<Results<VaultAccount>, Error> {
    const OPERATION: &str = "request_passwords";
    let refuse = |error| call.refuse(OPERATION, error);
    if many.max_concurrency == 0 {
        return Err(refuse(Error::config("max_concurrency: must be at least 1")));
    }
    for (index, account) in accounts.iter().enumerate() {
        let placed = |error: Error| Error::config(format!("requests[{index}].{}", error.message()));
        account.check().map_err(placed).map_err(refuse)?;
    }
    if !accounts.is_empty() {
        client.prepare(call, OPERATION).await.map_err(refuse)?;
    }
    let refused = &RefusedKeys::default();
    let results = bulk::run(
        accounts.len(),
        many.max_concurrency,
        many.listener.as_ref(),
        async |index| {
            let Some(account) = accounts.get(index) else {
                return Err(refuse(Error::config("requests: changed while they were made")));
            };
            let call = call.with_timeout(call.settings().timeout);
            one(client, &call, OPERATION, account, many.fresh, refused).await
        },
    );
    let results = results.await;
    client.forget(refused);
    results
}

async fn one(
    client: &Sectona,
    call: &Call,
    operation: &'static str,
    account: &AccountRequest,
    fresh: bool,
    refused: &RefusedKeys,
) -> Result<VaultAccount, Error> {
    account.check().map_err(|error| call.refuse(operation, error))?;
    let ask = || fetch(client, call, operation, account, refused);
    match &client.cache {
        Some(cache) => cache.get(call, operation, account, fresh, ask).await,
        None => ask().await,
    }
}

async fn fetch(
    client: &Sectona,
    call: &Call,
    operation: &'static str,
    account: &AccountRequest,
    refused: &RefusedKeys,
) -> Result<VaultAccount, Error> {
    let refuse = |error| call.refuse(operation, error);
    let body = serde_json::to_vec(account).map_err(|_| refuse(Error::config("cannot be written as JSON")))?;
    let target = Target::new("/API/APP/APP008/RequestPassword");
    let request = Request::new(operation, Method::POST, target, Effect::Audited)
        .json(body)
        .with_secret_answer();
    let result = client.exchange(call, request, refused).await;
    result
        .and_then(|(answer, reading)| {
            let found = open(&answer, &reading)?;
            match found.contradicts(&account.asset_host, &account.account_name) {
                None => Ok(found),
                Some((field, told)) => Err(answer.unexpected(&format!(
                    "the record is about another account than asked for: its {field} is {told:?}"
                ))),
            }
        })
        .map_err(|error| error.settled_by(RECIPE))
}

pub(crate) fn open(answer: &Answer, reading: &Reading) -> Result<VaultAccount, Error> {
    const NO_JSON: &str =
        "the server reports success, but its Result is text that is not valid JSON, and nothing is guessed from it";
    let why = match (reading.likely_json(), &reading.result) {
        (Some(json), _) => match VaultAccount::read(json) {
            Ok(account) => return Ok(account),
            Err(why) if reading.result_json().is_some() => why,
            Err(_) => NO_JSON,
        },
        (None, Content::Text(text)) if !text.trim().is_empty() => NO_JSON,
        _ => "the server reports success, but without a Result",
    };
    Err(answer.unexpected(why))
}

/// Any other operation of the vault: `path` such as `/API/APP/APP007/GetInstances`, `fields` one JSON object. It may
/// change something, so it is treated like everything that must not be sent twice.
pub async fn call(client: &Sectona, call: &Call, path: &str, fields: &str) -> Result<Envelope, Error> {
    const OPERATION: &str = "call";
    let refuse = |error| call.refuse(OPERATION, error);
    let target = Target::from_user(path).map_err(refuse)?;
    let members = Members::read(fields)
        .ok_or_else(|| refuse(Error::config("fields: must be one JSON object with no member twice")))?;
    let mut request = Request::new(OPERATION, Method::POST, target, Effect::Unsafe)
        .json(fields.as_bytes().to_vec())
        .with_secret_answer();
    request.secrets = given_secrets(&members);
    let result = client.exchange(call, request, &RefusedKeys::default()).await;
    result
        .map(|(_, reading)| reading.into_envelope())
        .map_err(|error| error.settled_by("look in the vault whether it was applied before sending it again"))
}

/// Passwords among the fields, which no error may echo.
fn given_secrets(members: &Members<'_>) -> Vec<Secret> {
    let hidden = members.0.iter().filter(|(name, _)| is_secret_name(name));
    let text_of = |raw: &str| unescaped(raw).map(|text| Secret::new(text.as_str()));
    hidden.filter_map(|(_, raw)| text_of(raw)).collect()
}
