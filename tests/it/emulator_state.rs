//! What the emulator keeps: deleted secrets while they settle, and its state in a file.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::clock::pace;
use crate::local::{World, code};
use credflow::emulator::{Application, Builder, CLIENT, Emulator, StartError, TENANT, TokenKey, Vault, Version};
use credflow::secret::Secret;
use serde_json::json;

fn kept(path: &Path) -> Builder {
    let vault = Vault::new("payments").secret("seeded", "of the seed").secret("fleeting", "of the seed");
    Emulator::builder().vault(vault).state(path)
}

#[tokio::test(start_paused = true)]
async fn deleting_and_recovering_take_their_time() {
    let _pace = pace();
    let vault = Vault::new("payments").secret("plain", "value").settling(Duration::from_secs(5));
    let world = World::start(Emulator::builder().vault(vault)).await;
    assert_eq!(world.send("DELETE", "secrets/plain", "").await.0, 200);
    assert_eq!(code(&world.send("GET", "secrets/plain", "").await), (404, "SecretNotFound"));
    assert_eq!(code(&world.send("GET", "deletedsecrets/plain", "").await), (404, "SecretNotFound"));
    assert_eq!(world.send("GET", "deletedsecrets", "").await.1["value"], json!([]));
    for (method, path) in [("POST", "deletedsecrets/plain/recover"), ("DELETE", "deletedsecrets/plain")] {
        assert_eq!(code(&world.send(method, path, "").await), (409, "ObjectIsBeingDeleted"), "{method}");
    }
    assert_eq!(code(&world.send("PUT", "secrets/plain", r#"{"value":"x"}"#).await), (409, "ObjectIsBeingDeleted"));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.send("GET", "deletedsecrets/plain", "").await.0, 200);
    assert_eq!(
        code(&world.send("PUT", "secrets/plain", r#"{"value":"x"}"#).await),
        (409, "ObjectIsDeletedButRecoverable")
    );
    assert_eq!(world.send("POST", "deletedsecrets/plain/recover", "").await.0, 200);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 404);
    assert_eq!(code(&world.send("PUT", "secrets/plain", r#"{"value":"x"}"#).await), (409, "ObjectIsBeingRecovered"));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.send("GET", "secrets/plain", "").await.1["value"], "value");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let world = World::start(kept(&path)).await;
    let body = r#"{"value":"first","contentType":"text/plain","tags":{"a":"b"},"attributes":{"enabled":true,"exp":4000000000}}"#;
    let (_, first) = world.send("PUT", "secrets/Made", body).await;
    assert_eq!(world.send("PUT", "secrets/made", r#"{"value":"second"}"#).await.0, 200);
    assert_eq!(world.send("PUT", "secrets/seeded", r#"{"value":"changed"}"#).await.0, 200);
    assert_eq!(world.send("PUT", "secrets/gone", r#"{"value":"x"}"#).await.0, 200);
    assert_eq!(world.send("DELETE", "secrets/gone", "").await.0, 200);
    assert_eq!(world.send("DELETE", "secrets/fleeting", "").await.0, 200);
    assert_eq!(world.send("DELETE", "deletedsecrets/fleeting", "").await.0, 204);
    let (_, versions) = world.send("GET", "secrets/made/versions", "").await;
    drop(world);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    }

    let world = World::start(kept(&path)).await;
    let without_port = |value: &serde_json::Value| {
        let text = value.to_string();
        let mut parts = text.split("localhost:");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| all + part.split_once('/').map_or("", |(_, rest)| rest))
    };
    assert_eq!(without_port(&world.send("GET", "secrets/made/versions", "").await.1), without_port(&versions));
    let id = first["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id");
    let (_, again) = world.send("GET", &format!("secrets/made/{id}"), "").await;
    assert_eq!(without_port(&again), without_port(&first));
    assert_eq!(world.send("GET", "secrets/seeded", "").await.1["value"], "changed", "the state wins over the seed");
    assert_eq!(world.send("GET", "secrets/fleeting", "").await.0, 404, "what was purged doesn't come back");
    assert_eq!(world.send("GET", "deletedsecrets/gone", "").await.0, 200);
    // A vault that the seed doesn't have any more is kept too.
    drop(world);
    let world = World::start(Emulator::builder().vault(Vault::new("other")).state(&path)).await;
    assert_eq!(world.send("GET", "secrets/made", "").await.1["value"], "second");
}

#[tokio::test]
async fn a_token_counts_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let builder = || {
        let key = TokenKey::open(&folder.path().join("token-key")).expect("a key");
        let vault = Vault::new("payments").secret("plain", "value");
        Emulator::builder().vault(vault).application(Application::new(TENANT, CLIENT).secret("s")).token_key(key)
    };
    let first = World::start(builder()).await;
    let token = first.token.clone();
    drop(first);
    let mut again = World::start(builder()).await;
    let fresh = std::mem::replace(&mut again.token, token);
    assert_eq!(again.send("GET", "secrets/plain", "").await.0, 200);
    again.emulator.expire_tokens();
    assert_eq!(again.send("GET", "secrets/plain", "").await.0, 401);
    again.token = fresh;
    assert_eq!(again.send("GET", "secrets/plain", "").await.0, 401);
}

#[tokio::test]
async fn changes_at_once_are_all_in_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let world = World::start(kept(&path)).await;
    let set = |index: usize| {
        let request = world.request("payments", "PUT", &format!("secrets/s-{index}"), r#"{"value":"x"}"#);
        async move { request.send().await.expect("an answer").status().as_u16() }
    };
    let all: tokio::task::JoinSet<u16> = (0..200).map(set).collect();
    assert!(all.join_all().await.iter().all(|status| *status == 200));
    drop(world);
    let world = World::start(kept(&path)).await;
    for index in 0..200 {
        assert_eq!(world.send("GET", &format!("secrets/s-{index}"), "").await.0, 200, "{index}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "nothing is left beside it but its lock");
}

#[tokio::test]
async fn a_state_that_cannot_be_used_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let world = World::start(kept(&path)).await;
    assert_eq!(world.send("PUT", "secrets/made", r#"{"value":"x"}"#).await.0, 200);
    drop(world);
    let whole = fs::read_to_string(&path).expect("a state");
    let torn: Vec<String> = (1..whole.len()).step_by(37).map(|end| whole[..end].to_owned()).collect();
    let others = ["{}", "null", r#"{"form":"another","version":1}"#, "\u{0}"].map(str::to_owned);
    for text in torn.iter().chain(&others) {
        fs::write(&path, text).expect("a file");
        let error = kept(&path).start().await.expect_err("torn");
        assert!(error.to_string().ends_with("is torn, or no state of the emulator"), "{error}");
        assert_eq!(&fs::read_to_string(&path).expect("a file"), text, "it stays as it is");
    }
    fs::write(&path, whole.replace(r#""version":1"#, r#""version":2"#)).expect("a file");
    let error = kept(&path).start().await.expect_err("another version");
    assert!(error.to_string().contains("of version 2; this credflow has version 1"), "{error}");
    let nowhere = folder.path().join("none/state.json");
    let error = kept(&nowhere).start().await.expect_err("no folder");
    assert!(error.to_string().contains("cannot keep the state in"), "{error}");
    let error = kept(folder.path()).start().await.expect_err("a folder");
    assert!(matches!(error, StartError::State(_)), "{error}");
}

#[tokio::test]
async fn what_a_seed_brought_is_the_same_the_next_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    // A file that somebody made, and one that a kill left.
    fs::write(&path, "").expect("a file");
    fs::write(folder.path().join(".state.json.new"), "torn").expect("a file");
    let id = async |world: World| {
        let (_, bundle) = world.send("GET", "secrets/seeded", "").await;
        bundle["id"].as_str().and_then(|id| id.rsplit('/').next()).expect("an id").to_owned()
    };
    let first = id(World::start(kept(&path)).await).await;
    assert_eq!(id(World::start(kept(&path)).await).await, first);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
}

#[tokio::test]
async fn two_emulators_do_not_share_a_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.json");
    let world = World::start(kept(&path)).await;
    let error = kept(&path).start().await.expect_err("a second one");
    assert!(error.to_string().starts_with("another emulator keeps its state in"), "{error}");
    assert_eq!(world.send("PUT", "secrets/made", r#"{"value":"x"}"#).await.0, 200);
    drop(world);
    // Its lock ends with it, whatever its connections do.
    let vault = Vault::new("payments").alias("other");
    let other = Vault::new("other").secret("a", "b");
    drop(Emulator::builder().vault(other).state(&path).start().await.expect("it is free"));
    let error = Emulator::builder().vault(vault).state(&path).start().await.expect_err("a name twice");
    assert!(error.to_string().contains("one of them is from the state in"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_stays_one_and_a_change_that_cannot_be_kept_is_taken_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().join("real");
    fs::create_dir(&real).expect("a folder");
    let path = folder.path().join("state.json");
    std::os::unix::fs::symlink("real/state.json", &path).expect("a link");
    let troubles = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&troubles);
    let builder = kept(&path).troubled(move |trouble| told.lock().expect("a lock").push(trouble.to_owned()));
    let world = World::start(builder).await;
    assert_eq!(world.send("PUT", "secrets/made", r#"{"value":"x"}"#).await.0, 200);
    assert!(fs::symlink_metadata(&path).expect("a link").is_symlink() && real.join("state.json").exists());
    let away = folder.path().join("away");
    fs::rename(&real, &away).expect("a folder");
    let all: tokio::task::JoinSet<u16> = (0..20)
        .map(|index| {
            let request = world.request("payments", "PUT", &format!("secrets/s-{index}"), r#"{"value":"y"}"#);
            async move { request.send().await.expect("an answer").status().as_u16() }
        })
        .collect();
    assert!(all.join_all().await.iter().all(|status| *status == 500), "what isn't kept isn't acknowledged");
    assert_eq!(world.send("DELETE", "secrets/made", "").await.0, 500);
    assert_eq!(world.send("GET", "secrets/made", "").await.1["value"], "x", "and is not done");
    assert_eq!(world.send("GET", "secrets/s-0", "").await.0, 404);
    assert!(troubles.lock().expect("a lock")[0].contains("cannot keep the state in"));
    fs::rename(&away, &real).expect("a folder");
    assert_eq!(world.send("PUT", "secrets/s-0", r#"{"value":"y"}"#).await.0, 200);
    drop(world);
    let world = World::start(kept(&path)).await;
    assert_eq!(world.send("GET", "secrets/s-0", "").await.1["value"], "y");
    assert_eq!(world.send("GET", "secrets/s-1", "").await.0, 404);
}

#[tokio::test]
async fn a_certificates_secret_is_its_certificates() {
    let version = |value: &str| Version {
        managed: true,
        content_type: Some("application/x-pem-file".to_owned()),
        ..Version::new(Secret::new(value.to_owned()))
    };
    let name = "web".parse().expect("a name");
    let vault = Vault::new("payments").version(&name, version("old")).version(&name, version("new"));
    let world = World::start(Emulator::builder().vault(vault)).await;
    let (_, web) = world.send("GET", "secrets/web", "").await;
    let id = web["id"].as_str().expect("an id");
    assert_eq!(web["kid"].as_str(), Some(id.replace("/secrets/", "/keys/").as_str()));
    assert_eq!((&web["managed"], web["previousVersion"].as_str().map(str::len)), (&json!(true), Some(32)));
    // In the order that was recorded.
    let keys: Vec<&String> = web.as_object().expect("an object").keys().collect();
    assert!(keys.contains(&&"kid".to_owned()));
    let pem = world.send("GET", "secrets/web?outContentType=application/x-pem-file", "").await;
    assert_eq!((pem.0, &pem.1["value"]), (200, &json!("new")));
    assert_eq!(code(&world.send("GET", "secrets/web?outContentType=application/x-pkcs12", "").await).0, 400);
    // Older api-versions don't know the parameter.
    let url = world.emulator.vault_url("payments").expect("a vault");
    let url = format!("{url}secrets/w%65b?outContentType=application/x-pkcs12&api-version=7.4");
    let old = world.client.get(url).bearer_auth(&world.token).send().await.expect("an answer");
    assert_eq!(old.status().as_u16(), 200);
    for (method, body) in [("PUT", r#"{"value":"x"}"#), ("PATCH", "{}"), ("DELETE", "")] {
        assert_eq!(code(&world.send(method, "secrets/web", body).await), (403, "Forbidden"), "{method}");
    }
    let (_, list) = world.send("GET", "secrets", "").await;
    assert_eq!(list["value"][0]["managed"], true);
    let health =
        world.client.get(world.emulator.vault_url("payments").expect("a vault").join("healthstatus").expect("a URL"));
    let health = health.send().await.expect("an answer");
    assert_eq!((health.status().as_u16(), health.content_length()), (200, Some(4)), "without a token");
}
