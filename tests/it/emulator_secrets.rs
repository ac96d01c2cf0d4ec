//! The emulator's secrets API: set, update, delete, recover, purge, backup and restore, over HTTP.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::local::{API, World, code};
use credflow::emulator::{Access, Builder, CLIENT, Emulator, MAX_VALUE, Role, Vault};
use serde_json::{Value, json};

async fn start(vaults: Vec<Vault>) -> World {
    World::start(vaults.into_iter().fold(Emulator::builder(), Builder::vault)).await
}

async fn payments() -> World {
    start(vec![Vault::new("payments").secret("old", "value"), Vault::new("other")]).await
}

fn version(bundle: &Value) -> String {
    bundle["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id").to_owned()
}

#[tokio::test]
async fn a_secret_is_set_updated_and_listed() {
    let world = payments().await;
    let body = r#"{"value":"first","contentType":"text/plain","attributes":{"enabled":true,"nbf":17,"exp":4000000000},"tags":{"a":"b"}}"#;
    let (status, first) = world.send("PUT", "secrets/New-One", body).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&first["value"], &first["contentType"], &first["tags"]),
        (&json!("first"), &json!("text/plain"), &json!({"a":"b"}))
    );
    assert_eq!((&first["attributes"]["nbf"], &first["attributes"]["exp"]), (&json!(17), &json!(4_000_000_000_u64)));
    // As the official clients send it: no attributes, none in them, or nulls.
    for body in [
        r#"{"value":"a"}"#,
        r#"{"value":"b","attributes":{}}"#,
        r#"{"value":"c","contentType":null,"tags":null,"attributes":null}"#,
    ] {
        assert_eq!(world.send("PUT", "secrets/new-one", body).await.0, 200, "{body}");
    }
    let (_, latest) = world.send("GET", "secrets/NEW-ONE/", "").await;
    assert_eq!(latest["value"], "c");
    assert!(latest["id"].as_str().is_some_and(|id| id.contains("/secrets/New-One/")), "names keep their first case");
    let old = world.send("GET", &format!("secrets/new-one/{}", version(&first)), "").await.1;
    assert_eq!(old, first);
    // An update has no value in its answer, and leaves the value as it was.
    let path = format!("secrets/new-one/{}", version(&first));
    let (status, updated) = world.send("PATCH", &path, r#"{"attributes":{"enabled":false},"tags":{}}"#).await;
    assert_eq!((status, &updated["value"], &updated["attributes"]["enabled"]), (200, &Value::Null, &json!(false)));
    assert_eq!((&updated["contentType"], &updated["tags"]), (&json!("text/plain"), &Value::Null));
    assert_eq!(code(&world.send("GET", &path, "").await), (403, "SecretDisabled"));
    let (_, enabled) = world.send("PATCH", "secrets/new-one/", r#"{"contentType":"x"}"#).await;
    assert_eq!((&enabled["contentType"], version(&enabled)), (&json!("x"), version(&latest)));
    let versions = world.send("GET", "secrets/new-one/versions", "").await.1;
    assert_eq!(versions["value"].as_array().map(Vec::len), Some(4));
    let names = world.send("GET", "secrets", "").await.1;
    assert_eq!(names["value"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_deleted_secret_is_recovered_or_purged() {
    let world = payments().await;
    let (status, deleted) = world.send("DELETE", "secrets/OLD", "").await;
    assert_eq!(status, 200);
    assert!(deleted["recoveryId"].as_str().is_some_and(|id| id.ends_with("/deletedsecrets/old")), "{deleted}");
    let dates = [&deleted["deletedDate"], &deleted["scheduledPurgeDate"]].map(|date| date.as_i64().expect("a date"));
    assert_eq!((dates[1] - dates[0], &deleted["value"]), (90 * 86_400, &Value::Null));
    assert_eq!(code(&world.send("GET", "secrets/old", "").await), (404, "SecretNotFound"));
    assert_eq!(code(&world.send("DELETE", "secrets/old", "").await), (404, "SecretNotFound"));
    let again = world.send("PUT", "secrets/old", r#"{"value":"x"}"#).await;
    assert_eq!(code(&again), (409, "ObjectIsDeletedButRecoverable"));
    let list = world.send("GET", "deletedsecrets", "").await.1;
    assert!(list["value"][0]["id"].as_str().is_some_and(|id| id.ends_with("/secrets/old")), "{list}");
    assert_eq!(world.send("GET", "deletedsecrets/old", "").await.1, deleted);
    let (status, recovered) = world.send("POST", "deletedsecrets/old/recover", "").await;
    assert_eq!((status, version(&recovered)), (200, version(&deleted)));
    assert_eq!(world.send("GET", "secrets/old", "").await.1["value"], "value");
    assert_eq!(code(&world.send("POST", "deletedsecrets/old/recover", "").await), (404, "SecretNotFound"));
    world.send("DELETE", "secrets/old", "").await;
    assert_eq!(world.send("DELETE", "deletedsecrets/old", "").await, (204, Value::Null));
    assert_eq!(code(&world.send("GET", "deletedsecrets/old", "").await), (404, "SecretNotFound"));
    let unknown = world.send("POST", "deletedsecrets/old/recover", "").await;
    assert_eq!(unknown.1["error"]["message"], "Secret not found: old");
    // One that is disabled can't be looked at, as was recorded.
    assert_eq!(world.send("PUT", "secrets/off", r#"{"value":"x","attributes":{"enabled":false}}"#).await.0, 200);
    assert_eq!(world.send("DELETE", "secrets/off", "").await.0, 200);
    assert_eq!(code(&world.send("GET", "deletedsecrets/off", "").await), (403, "AccessDenied"));
    assert_eq!(world.send("DELETE", "deletedsecrets/off", "").await.0, 204);
    // Its name is free again, in another case.
    let (_, set) = world.send("PUT", "secrets/Old", r#"{"value":"x"}"#).await;
    assert!(set["id"].as_str().is_some_and(|id| id.contains("/secrets/Old/")));
}

#[tokio::test]
async fn a_backup_brings_all_versions_back() {
    let world = payments().await;
    world.send("PUT", "secrets/old", r#"{"value":"newer","tags":{"a":"b"}}"#).await;
    let before = world.send("GET", "secrets/old/versions", "").await.1;
    let (status, backup) = world.send("POST", "secrets/old/backup", "").await;
    assert_eq!(status, 200);
    let blob = backup.to_string();
    assert_eq!(code(&world.send("POST", "secrets/restore", &blob).await), (409, "Conflict"));
    world.send("DELETE", "secrets/old", "").await;
    assert_eq!(code(&world.send("POST", "secrets/restore", &blob).await), (409, "Conflict"));
    world.send("DELETE", "deletedsecrets/old", "").await;
    assert_eq!(world.send("POST", "secrets/restore", &blob).await.0, 200);
    assert_eq!(world.send("GET", "secrets/old/versions", "").await.1, before);
    assert_eq!(world.send("GET", "secrets/old", "").await.1["value"], "newer");
    // Another vault takes it too.
    assert_eq!(world.at("other", "POST", "secrets/restore", &blob).await.0, 200);
    for bad in [r#"{"value":"bm90aGluZw"}"#, r#"{"value":"%"}"#, "{}", ""] {
        assert_eq!(code(&world.send("POST", "secrets/restore", bad).await), (400, "BadParameter"));
    }
    // A secret may be called as the operations are.
    assert_eq!(world.send("PUT", "secrets/restore", r#"{"value":"x"}"#).await.0, 200);
    assert_eq!(world.send("GET", "secrets/restore", "").await.1["value"], "x");
}

#[tokio::test]
async fn what_a_vault_cannot_keep_is_refused() {
    let world = payments().await;
    let long = "x".repeat(MAX_VALUE + 1);
    let tags: Value = (0..16).map(|tag| (tag.to_string(), json!("v"))).collect::<serde_json::Map<_, _>>().into();
    let cases = [
        ("PUT", "secrets/a_b", json!({"value": "x"})),
        ("PUT", "secrets/new", json!({"value": long})),
        ("PUT", "secrets/new", json!({"value": 1})),
        ("PUT", "secrets/new", json!({})),
        ("PUT", "secrets/new", json!({"value": "x", "contentType": "x".repeat(256)})),
        ("PUT", "secrets/new", json!({"value": "x", "tags": tags})),
        ("PUT", "secrets/new", json!({"value": "x", "tags": {"k": "x".repeat(513)}})),
        ("PATCH", "secrets/old", json!({"attributes": {"exp": "soon"}})),
    ];
    for (method, path, body) in cases {
        let answer = world.send(method, path, &body.to_string()).await;
        assert_eq!(code(&answer), (400, "BadParameter"), "{method} {path}");
    }
    assert_eq!(code(&world.send("PUT", "secrets/new", "not json").await), (400, "BadParameter"));
    assert_eq!(code(&world.send("GET", "secrets/new", "").await), (404, "SecretNotFound"));
    let longest = json!({"value": "x".repeat(MAX_VALUE)}).to_string();
    assert_eq!(world.send("PUT", "secrets/new", &longest).await.0, 200);
    assert_eq!(code(&world.send("PUT", "secrets", "{}").await), (405, "MethodNotAllowed"));
    assert_eq!(code(&world.send("POST", "secrets/old", "{}").await), (405, "MethodNotAllowed"));
}

#[tokio::test]
async fn each_operation_has_its_permission() {
    let vault = |name: &str, access| Vault::new(name).access(access).secret("old", "value");
    let world = start(vec![vault("payments", Access::NoRole), vault("other", Access::NoPolicy)]).await;
    let operations = [
        ("GET", "secrets/old", "getSecret/action", "get"),
        ("GET", "secrets", "readMetadata/action", "list"),
        ("PUT", "secrets/old", "setSecret/action", "set"),
        ("PATCH", "secrets/old", "update/action", "set"),
        ("DELETE", "secrets/old", "secrets/delete", "delete"),
        ("POST", "secrets/old/backup", "backup/action", "backup"),
        ("POST", "secrets/restore", "restore/action", "restore"),
        ("GET", "deletedsecrets", "readMetadata/action", "list"),
        ("POST", "deletedsecrets/old/recover", "recover/action", "recover"),
        ("DELETE", "deletedsecrets/old", "purge/action", "purge"),
    ];
    for (method, path, action, permission) in operations {
        let by_role = world.at("payments", method, path, "{}").await;
        assert_eq!(code(&by_role), (403, "ForbiddenByRbac"), "{method} {path}");
        assert!(by_role.1["error"]["message"].as_str().is_some_and(|text| text.contains(action)), "{by_role:?}");
        let by_policy = world.at("other", method, path, "{}").await;
        assert_eq!(code(&by_policy), (403, "AccessDenied"), "{method} {path}");
        let wanted = format!("does not have secrets {permission} permission");
        assert!(by_policy.1["error"]["message"].as_str().is_some_and(|text| text.contains(&wanted)), "{by_policy:?}");
    }
}

#[tokio::test]
async fn a_deleted_secret_is_gone_when_its_time_is_over() {
    let mut world = start(vec![
        Vault::new("payments").secret("old", "value").recoverable_days(7),
        Vault::new("other").secret("old", "value").purge_protection(),
    ])
    .await;
    let (_, deleted) = world.send("DELETE", "secrets/old", "").await;
    let dates = [&deleted["deletedDate"], &deleted["scheduledPurgeDate"]].map(|date| date.as_i64().expect("a date"));
    assert_eq!(dates[1] - dates[0], 7 * 86_400);
    let attributes = &deleted["attributes"];
    assert_eq!(
        (&attributes["recoveryLevel"], &attributes["recoverableDays"]),
        (&json!("CustomizedRecoverable+Purgeable"), &json!(7))
    );
    assert_eq!(world.at("other", "DELETE", "secrets/old", "").await.1["attributes"]["recoveryLevel"], "Recoverable");
    let purge = world.at("other", "DELETE", "deletedsecrets/old", "").await;
    assert_eq!(code(&purge), (403, "Forbidden"));
    assert!(purge.1["error"]["message"].as_str().is_some_and(|text| text.contains("purge protection is enabled")));
    for (days, there) in [(6, true), (8, false)] {
        world.emulator.shift_clock(days * 86_400);
        world.token = world.ask_token(0).await["access_token"].as_str().expect("a token").to_owned();
        assert_eq!(world.send("GET", "deletedsecrets/old", "").await.0 == 200, there, "{days}");
        assert_eq!(world.at("other", "GET", "deletedsecrets/old", "").await.0, 200);
    }
    assert_eq!(world.send("PUT", "secrets/old", r#"{"value":"x"}"#).await.0, 200);
}

#[tokio::test]
async fn a_role_allows_what_it_does_elsewhere() {
    for (role, get, list, set) in [
        (Role::CertificateUser, 200, 200, 403),
        (Role::CertificatesOfficer, 403, 403, 403),
        (Role::CryptoOfficer, 403, 403, 403),
        (Role::Contributor, 403, 403, 403),
        (Role::PurgeOperator, 403, 403, 403),
        (Role::Reader, 403, 200, 403),
        (Role::SecretsOfficer, 200, 200, 200),
    ] {
        let world = start(vec![Vault::new("payments").secret("old", "value").role(CLIENT, role)]).await;
        assert_eq!(world.send("GET", "secrets/old", "").await.0, get, "{role:?}");
        assert_eq!(world.send("GET", "secrets", "").await.0, list, "{role:?}");
        assert_eq!(world.send("PUT", "secrets/old", r#"{"value":"x"}"#).await.0, set, "{role:?}");
    }
    let names: BTreeSet<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    assert_eq!(names.len(), Role::ALL.len());
}

#[tokio::test]
async fn a_method_may_stand_in_a_header() {
    let world = payments().await;
    let url = world.emulator.vault_url("payments").expect("a vault");
    let request = world.client.post(format!("{url}secrets/old?{API}")).header("X-HTTP-METHOD", "PUT");
    let request = request.header("authorization", format!("Bearer {}", world.token)).body(r#"{"value":"by header"}"#);
    assert_eq!(request.send().await.expect("an answer").status().as_u16(), 200);
    assert_eq!(world.send("GET", "secrets/old", "").await.1["value"], "by header");
}

#[tokio::test]
async fn versions_set_at_once_are_all_kept() {
    let world = Arc::new(payments().await);
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..20 {
        let world = Arc::clone(&world);
        tasks.spawn(async move { world.send("PUT", "secrets/old", &format!(r#"{{"value":"v{index}"}}"#)).await });
    }
    let ids: BTreeSet<String> = tasks.join_all().await.iter().map(|(_, bundle)| version(bundle)).collect();
    assert_eq!(ids.len(), 20);
    let versions = world.send("GET", "secrets/old/versions", "").await.1;
    assert_eq!(versions["value"].as_array().map(Vec::len), Some(21));
}
