//! Sectona: the envelope in its forms, awkward secrets, the codes of refusals.

use serde_json::{Value, json};

use infosecops::sandbox::{Account, ResultForm, Sandbox};

use crate::sandbox_wire::{Reply, base64, send, start};

const PATH: &str = "/API/APP/APP008/RequestPassword";

fn authorization(sandbox: &Sandbox) -> String {
    format!(
        "Basic {}",
        base64(&format!("AccessKey:{}", sandbox.credentials().sectona_access_key))
    )
}

fn ask(sandbox: &Sandbox, accept: &str, body: &Value) -> Reply {
    let headers = [("Authorization", authorization(sandbox)), ("Accept", accept.to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    send(sandbox, "POST", PATH, &headers, &body.to_string())
}

fn request(account: &Account) -> Value {
    json!({"AssetType": account.asset_type, "AssetHost": account.asset_host, "DBInstance": account.db_instance,
           "AccountName": account.account_name, "Instance": "Default"})
}

#[test]
fn the_documented_request_gets_the_documented_envelope() {
    let sandbox = start();
    let documented = json!({"AssetType": "Unix Based", "AssetHost": "CENTOS7", "DBInstance": "",
                            "AccountName": "admin152", "Instance": "Default"});
    let reply = ask(&sandbox, "application/json", &documented);
    assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-cache")));
    assert!(
        reply
            .body
            .starts_with("{\"Version\":\"6.0.0.0\",\"IsSuccess\":true,\"LogCode\":\"0\",\"Result\":\"{")
    );
    let envelope = reply.json();
    assert_eq!(envelope["StatusCode"], "Accepted");
    assert!(envelope["Timestamp"].as_str().unwrap().ends_with(" GMT 05:30:00"));
    let record: Value = serde_json::from_str(envelope["Result"].as_str().unwrap()).unwrap();
    let account = sandbox
        .sectona_accounts()
        .into_iter()
        .find(|known| known.account_name == "admin152")
        .unwrap();
    assert_eq!(
        record,
        json!({"AssetType": "Unix Based", "AssetHost": "CENTOS7", "AccountName": "admin152",
               "AccountAuthenticationType": "KeyBased_SecretKey", "AccountType": "Local",
               "Password": account.password, "PassPhrase": account.pass_phrase, "CreatedBy": "",
               "CreatedOn": "03 Jun 2019 15:22:11 GMT 05:30:00", "Status": "Active"})
    );
    assert!(account.password.starts_with("-----BEGIN ") && account.password.ends_with("-----\n"));
}

#[test]
fn awkward_passwords_arrive_in_every_form() {
    let sandbox = start();
    let account = sandbox
        .sectona_accounts()
        .into_iter()
        .find(|known| known.account_name == "deploy")
        .unwrap();
    let text = ask(&sandbox, "application/json", &request(&account)).json();
    let inner: Value = serde_json::from_str(text["Result"].as_str().unwrap()).unwrap();
    assert_eq!(inner["Password"], account.password.as_str());

    let xml = ask(&sandbox, "text/xml", &request(&account));
    assert_eq!(xml.header("content-type"), Some("text/xml; charset=utf-8"));
    let (_, rest) = xml.body.split_once("<Result>").unwrap();
    let (result, _) = rest.split_once("</Result>").unwrap();
    let result = quick_xml::escape::unescape(result).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&result).unwrap()["Password"],
        account.password.as_str()
    );

    sandbox.set_sectona_result_form(ResultForm::Object);
    let object = ask(&sandbox, "application/json", &request(&account)).json();
    assert_eq!(object["Result"]["Password"], account.password.as_str());
}

#[test]
fn refusals_carry_their_codes() {
    let sandbox = start();
    let accounts = sandbox.sectona_accounts();
    let database = accounts.iter().find(|known| !known.db_instance.is_empty()).unwrap();
    let good = request(database);
    let with = |name: &str, value: Value| {
        let mut fields = good.clone();
        fields[name] = value;
        let reply = ask(&sandbox, "application/json", &fields);
        assert_eq!((reply.status, &reply.json()["IsSuccess"]), (200, &json!(false)));
        reply.json()["LogCode"].as_str().unwrap().to_owned()
    };
    assert_eq!(ask(&sandbox, "application/json", &good).json()["LogCode"], "0");
    assert_eq!(with("DBInstance", json!("")), "011670");
    assert_eq!(with("AccountName", json!("nobody")), "011670");
    assert_eq!(with("AssetHost", json!("nowhere")), "011853");
    assert_eq!(with("AssetType", json!("UnixBased")), "011853");
    assert_eq!(with("Instance", json!("Other")), "011652");
    assert_eq!(with("Instance", json!("")), "011689");
    assert_eq!(with("AssetHost", json!(5)), "011689");
    let hidden = accounts.iter().find(|known| !known.accessible).unwrap();
    assert_eq!(ask(&sandbox, "", &request(hidden)).json()["LogCode"], "011672");
}

#[test]
fn the_key_is_checked() {
    let sandbox = start();
    let with = |authorization: &str| {
        let reply = send(&sandbox, "POST", PATH, &[("Authorization", authorization)], "{}");
        (reply.status, reply.json()["LogCode"].as_str().unwrap().to_owned())
    };
    let key = sandbox.credentials().sectona_access_key.clone();
    assert_eq!(
        with(&format!("Basic {}", base64("accesskey:wrong"))),
        (401, "011688".to_owned())
    );
    assert_eq!(
        with(&format!("Basic {}", base64(&format!("admin:{key}")))),
        (401, "023601".to_owned())
    );
    assert_eq!(with("Bearer x"), (401, "011651".to_owned()));
    assert_eq!(
        with(&format!("basic {}", base64(&format!("ACCESSKEY:{key}")))),
        (200, "011689".to_owned())
    );
    let entry = sandbox.journal().last(&Default::default()).unwrap();
    assert_eq!(entry.operation, "RequestPassword");
}

#[test]
fn other_paths() {
    let sandbox = start();
    let key = authorization(&sandbox);
    let headers = [("Authorization", key.as_str())];
    let instances = send(&sandbox, "POST", "/API/APP/APP007/GetInstances", &headers, "{}").json();
    let list: Value = serde_json::from_str(instances["Result"].as_str().unwrap()).unwrap();
    assert_eq!(list[0]["InstanceName"], "Default");
    assert_eq!(
        send(&sandbox, "POST", "/API/APP/APP008/requestpassword", &headers, "{}").status,
        404
    );
    assert_eq!(send(&sandbox, "GET", PATH, &headers, "").status, 405);
}
