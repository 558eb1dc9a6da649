//! Sectona PAM: `POST /API/APP/APP008/RequestPassword`, its envelope in JSON and XML, and one operation of the other
//! family. Only the form of a success is documented. The HTTP status of failures (200, and 401 for a bad key) and the
//! place of their text (`Message`) are inferred.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;
use serde_json::{Value, json};

use super::auth::{Credentials, authorization, basic, hex};
use super::exchange::{Answer, Request, escape_markup};

const REQUEST_PASSWORD: &str = "/API/APP/APP008/RequestPassword";
const GET_INSTANCES: &str = "/API/APP/APP007/GetInstances";
const INSTANCE: &str = "Default";
/// The zone of the documented times: five and a half hours east.
const ZONE_SECONDS: i32 = 19_800;

/// How `Result` is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResultForm {
    /// As text that holds JSON: the likely form.
    #[default]
    Text,
    /// As an embedded object.
    Object,
}

/// An account in the vault.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its asset's type.
    pub asset_type: String,
    /// Its asset's host.
    pub asset_host: String,
    /// The account's name.
    pub account_name: String,
    /// Needed in the request for a database account; empty otherwise.
    pub db_instance: String,
    /// `Password`, `KeyBased` or `KeyBased_SecretKey`.
    pub authentication_type: String,
    /// The password, or the key's text.
    pub password: String,
    /// The key's pass phrase.
    pub pass_phrase: String,
    /// False for the account that answers 011672: known, but out of reach.
    pub accessible: bool,
}

/// State of the vault.
pub(crate) struct State {
    pub accounts: Vec<Account>,
    pub result_form: ResultForm,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Record<'a> {
    asset_type: &'a str,
    asset_host: &'a str,
    account_name: &'a str,
    account_authentication_type: &'a str,
    account_type: &'a str,
    password: &'a str,
    pass_phrase: &'a str,
    created_by: &'a str,
    created_on: &'a str,
    status: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a> {
    version: &'a str,
    is_success: bool,
    log_code: &'a str,
    result: Value,
    status_code: &'a str,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

pub(crate) fn operation(request: &Request) -> String {
    request
        .path
        .strip_prefix("/API/APP/")
        .and_then(|rest| rest.split('/').nth(1))
        .unwrap_or_default()
        .to_owned()
}

/// A refusal with one of the vendor's codes.
pub(crate) fn refusal(request: &Request, code: &str, status: u16) -> Answer {
    let word = if status == 401 { "Unauthorized" } else { "BadRequest" };
    enveloped(request, status, code, json!(""), word, Some(description(code)))
}

impl State {
    pub fn new(credentials: &Credentials) -> State {
        State {
            accounts: accounts(credentials),
            result_form: ResultForm::default(),
        }
    }

    /// Gives an account another password. False if there is no such account.
    pub fn set_password(&mut self, account_name: &str, password: &str) -> bool {
        let found = self
            .accounts
            .iter_mut()
            .find(|account| account.account_name == account_name);
        found
            .map(|account| password.clone_into(&mut account.password))
            .is_some()
    }

    /// Takes an account that has a password in. False if the asset has one of this name.
    pub fn add_account(&mut self, asset_type: &str, asset_host: &str, account_name: &str, password: &str) -> bool {
        let is_known = self.accounts.iter().any(|account| {
            (
                account.asset_type.as_str(),
                account.asset_host.as_str(),
                account.account_name.as_str(),
            ) == (asset_type, asset_host, account_name)
        });
        if !is_known {
            self.accounts.push(Account {
                asset_type: asset_type.to_owned(),
                asset_host: asset_host.to_owned(),
                account_name: account_name.to_owned(),
                db_instance: String::new(),
                authentication_type: "Password".to_owned(),
                password: password.to_owned(),
                pass_phrase: String::new(),
                accessible: true,
            });
        }
        !is_known
    }

    /// Passwords, keys and pass phrases.
    pub fn secrets(&self) -> Vec<String> {
        self.accounts
            .iter()
            .flat_map(|account| [account.password.clone(), account.pass_phrase.clone()])
            .collect()
    }

    /// Answers one request.
    pub fn answer(&mut self, credentials: &Credentials, request: &Request) -> Answer {
        let path = request.path.as_str();
        if path != REQUEST_PASSWORD && path != GET_INSTANCES {
            return Answer::html(
                404,
                "<html><body><h2>404 - File or directory not found.</h2></body></html>",
            );
        }
        if request.method != "POST" {
            let message = format!(
                "The requested resource does not support http method '{}'.",
                request.method
            );
            return Answer::json(405, &json!({"Message": message})).with("Allow", "POST");
        }
        if let Some(code) = refused_key(credentials, request) {
            return refusal(request, code, 401);
        }
        if path == GET_INSTANCES {
            let instances = json!([{"InstanceName": INSTANCE, "ShortCode": "DEF",
                                    "TimeZone": "India Standard Time", "Status": true}]);
            return enveloped(request, 200, "0", json!(instances.to_string()), "Accepted", None);
        }
        match self.find(request) {
            Ok(account) => self.hand_out(request, account).applied(),
            Err(code) => refusal(request, code, 200),
        }
    }

    fn find(&self, request: &Request) -> Result<&Account, &'static str> {
        const INVALID_REQUEST: &str = "011689";
        let Ok(Value::Object(fields)) = request.json() else {
            return Err(INVALID_REQUEST);
        };
        let optional = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Some(""),
            Some(value) => value.as_str(),
        };
        let required = |name: &str| optional(name).filter(|text| !text.is_empty()).ok_or(INVALID_REQUEST);
        let (asset_type, host) = (required("AssetType")?, required("AssetHost")?);
        let (name, instance) = (required("AccountName")?, required("Instance")?);
        let db_instance = optional("DBInstance").ok_or(INVALID_REQUEST)?;
        if instance != INSTANCE {
            return Err("011652");
        }
        let on_asset = |account: &&Account| account.asset_type == asset_type && account.asset_host == host;
        if !self.accounts.iter().any(|account| on_asset(&account)) {
            return Err("011853");
        }
        let named = |account: &&Account| account.account_name == name && account.db_instance == db_instance;
        let account = self.accounts.iter().filter(on_asset).find(named).ok_or("011670")?;
        if account.accessible { Ok(account) } else { Err("011672") }
    }

    fn hand_out(&self, request: &Request, account: &Account) -> Answer {
        let record = Record {
            asset_type: &account.asset_type,
            asset_host: &account.asset_host,
            account_name: &account.account_name,
            account_authentication_type: &account.authentication_type,
            account_type: "Local",
            password: &account.password,
            pass_phrase: &account.pass_phrase,
            created_by: "",
            created_on: "03 Jun 2019 15:22:11 GMT 05:30:00",
            status: "Active",
        };
        // Serialising plain text fields does not fail.
        let result = match self.result_form {
            ResultForm::Object if !wants_xml(request) => serde_json::to_value(&record).unwrap_or_default(),
            _ => Value::from(serde_json::to_string(&record).unwrap_or_default()),
        };
        enveloped(request, 200, "0", result, "Accepted", None)
    }
}

/// The code with which the authorization is refused, if it is.
fn refused_key(credentials: &Credentials, request: &Request) -> Option<&'static str> {
    match authorization(request) {
        Some((scheme, _)) if scheme == "basic" => {}
        _ => return Some("011651"),
    }
    match basic(request) {
        Some((user, _)) if !user.eq_ignore_ascii_case("accesskey") => Some("023601"),
        Some((_, key)) if key == credentials.sectona_access_key => None,
        _ => Some("011688"),
    }
}

fn description(code: &str) -> &'static str {
    match code {
        "011651" => "Authorization header is not valid",
        "011652" => "Invalid instance",
        "011670" => "Invalid account details",
        "011672" => "Requested details are not valid or not accessible",
        "011688" => "Invalid access key",
        "011689" => "Invalid request parameters",
        "011691" => "Unable to validate request",
        "011692" => "Unable to get account password",
        "011693" => "Unable to update API log",
        "011803" => "Unable to insert API log details",
        "011853" | "023604" => "Requested asset is not valid",
        "023601" => "The authorization header name is not valid",
        _ => "Request failed",
    }
}

fn wants_xml(request: &Request) -> bool {
    let accept = request.header("accept").to_ascii_lowercase();
    let position = |kind: &str| accept.find(kind);
    match (position("/xml"), position("/json")) {
        (Some(xml), Some(json)) => xml < json,
        (xml, _) => xml.is_some(),
    }
}

fn enveloped(request: &Request, status: u16, code: &str, result: Value, word: &str, message: Option<&str>) -> Answer {
    let zone = TimeZone::fixed(Offset::from_seconds(ZONE_SECONDS).unwrap_or(Offset::UTC));
    let timestamp = Timestamp::now()
        .to_zoned(zone)
        .strftime("%d %b %Y %H:%M:%S GMT 05:30:00")
        .to_string();
    let answer = if wants_xml(request) {
        // The form of .NET's data-contract serialiser (inferred): members in alphabetical order.
        let text = result.as_str().map_or_else(|| result.to_string(), str::to_owned);
        let message = message
            .map(|text| format!("<Message>{}</Message>", escape_markup(text)))
            .unwrap_or_default();
        let document = format!(
            "<RequestPasswordResponse xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns=\"http://schemas.datacontract.org/2004/07/Sectona.API.Models\"><IsSuccess>{}</IsSuccess>\
             <LogCode>{code}</LogCode>{message}<Result>{}</Result><StatusCode>{word}</StatusCode>\
             <Timestamp>{timestamp}</Timestamp><Version>6.0.0.0</Version></RequestPasswordResponse>",
            code == "0",
            escape_markup(&text),
            code = escape_markup(code),
        );
        Answer::new(status, "text/xml; charset=utf-8", document)
    } else {
        let envelope = Envelope {
            version: "6.0.0.0",
            is_success: code == "0",
            log_code: code,
            result,
            status_code: word,
            timestamp,
            message,
        };
        let body = serde_json::to_vec(&envelope).unwrap_or_default();
        Answer::new(status, "application/json; charset=utf-8", body)
    };
    answer
        .with("Cache-Control", "no-cache")
        .with("Pragma", "no-cache")
        .with("Expires", "-1")
}

/// Some of several kinds, and those that open the other systems of the sandbox.
fn accounts(credentials: &Credentials) -> Vec<Account> {
    let mut rng = Rng::new();
    let base = Account {
        asset_type: "Unix Based".to_owned(),
        asset_host: "web01.example.net".to_owned(),
        account_name: "deploy".to_owned(),
        db_instance: String::new(),
        authentication_type: "Password".to_owned(),
        password: format!(" q\"uo'te\\back}}\" <&> Grüße-€-{{{{ x }}}}-{} ", hex(&mut rng, 8)),
        pass_phrase: String::new(),
        accessible: true,
    };
    let application = |host: &str, name: &str, password: &str| Account {
        asset_type: "Application".to_owned(),
        asset_host: host.to_owned(),
        account_name: name.to_owned(),
        password: password.to_owned(),
        ..base.clone()
    };
    vec![
        application("sde.example.net", "sde-api", &credentials.sde_token),
        application("gl.example.net", &credentials.gl_username, &credentials.gl_password),
        application(
            "bamboo.example.net",
            &credentials.bamboo_username,
            &credentials.bamboo_password,
        ),
        Account {
            asset_host: "CENTOS7".to_owned(),
            account_name: "admin152".to_owned(),
            authentication_type: "KeyBased_SecretKey".to_owned(),
            password: private_key(&mut rng),
            pass_phrase: format!("sbx-phrase-\"{}", hex(&mut rng, 12)),
            ..base.clone()
        },
        Account {
            asset_type: "Oracle Database".to_owned(),
            asset_host: "db01.example.net".to_owned(),
            account_name: "system".to_owned(),
            db_instance: "ORCL".to_owned(),
            password: format!("sbx-db-{}", hex(&mut rng, 16)),
            ..base.clone()
        },
        Account {
            account_name: "root".to_owned(),
            password: format!("sbx-root-{}", hex(&mut rng, 16)),
            accessible: false,
            ..base.clone()
        },
        base,
    ]
}

/// Text in the form of a private key that opens nothing.
fn private_key(rng: &mut Rng) -> String {
    let label = ["OPENSSH", "PRIVATE", "KEY"].join(" ");
    let mut text = format!("-----BEGIN {label}-----\n");
    for _ in 0..6 {
        let bytes: Vec<u8> = (0..51).map(|_| rng.u8(..)).collect();
        text.push_str(&STANDARD.encode(&bytes));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
