//! The emulator's faults, over real sockets, and the endpoint that changes them while it runs.

use std::time::Duration;

use crate::clock::pace;
use crate::local::{World, code};
use credflow::emulator::{Emulator, Fault, Requests, Vault};
use credflow::secret::Secret;
use serde_json::json;
use tokio::time::Instant;

const KEY: &str = "a key for the control endpoint";

async fn world() -> World {
    let vaults = [Vault::new("payments").alias("money"), Vault::new("other")];
    let vaults = vaults.map(|vault| vault.secret("plain", "value").secret("second", "value"));
    let builder = vaults.into_iter().fold(Emulator::builder(), credflow::emulator::Builder::vault);
    World::start(builder.control(Secret::new(KEY.to_owned()))).await
}

#[tokio::test]
async fn a_body_is_cut_and_a_connection_reset() {
    let world = world().await;
    let fetch = || world.request("payments", "GET", "secrets/plain", "").send();
    world.emulator.set_faults([Fault::cut().times(1), Fault::reset().times(1)]);
    let cut = fetch().await.expect("a head");
    let announced = cut.content_length().expect("a length");
    assert_eq!(cut.status(), 200);
    assert!(announced > 50 && cut.bytes().await.is_err(), "the body ends before its length");
    let reset = fetch().await.expect_err("no answer");
    let mut cause: &dyn std::error::Error = &reset;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    assert!(cause.to_string().contains("reset by peer"), "{cause}");
    assert_eq!(fetch().await.expect("an answer").status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_comes_byte_by_byte_and_whole() {
    let _pace = pace();
    let world = world().await;
    world.emulator.add_fault(Fault::slow(400).times(1));
    let begun = Instant::now();
    let answer = world.request("payments", "GET", "secrets/plain", "").send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let body = answer.bytes().await.expect("a whole body");
    assert!(String::from_utf8_lossy(&body).contains(r#""value":"value""#), "{body:?}");
    // Forty bytes each tenth of a second.
    let expected = Duration::from_millis(100 * body.len().div_ceil(40) as u64);
    let took = begun.elapsed();
    assert!(took >= expected && took < expected + Duration::from_millis(100), "{took:?} {expected:?}");
}

#[tokio::test]
async fn a_network_closes_for_a_while() {
    let world = world().await;
    world.emulator.set_faults([Fault::firewall().times(1), Fault::private_link().of_vault("payments").times(2)]);
    assert_eq!(code(&world.send("GET", "secrets/plain", "").await), (403, "ForbiddenByFirewall"));
    assert_eq!(code(&world.send("GET", "secrets", "").await), (403, "ForbiddenByConnection"));
    let other = world.request("other", "GET", "secrets/plain", "").send().await.expect("an answer");
    assert_eq!(other.status(), 200);
    assert_eq!(code(&world.send("PUT", "secrets/new", r#"{"value":"x"}"#).await), (403, "ForbiddenByConnection"));
    assert_eq!(world.send("PUT", "secrets/new", r#"{"value":"x"}"#).await.0, 200);
}

#[tokio::test]
async fn faults_are_for_a_secret_a_kind_or_a_share() {
    let world = world().await;
    world.emulator.set_faults([
        Fault::failed(500).of_secret("PLAIN"),
        Fault::failed(502).on(Requests::Lists),
        Fault::failed(504).on(Requests::Writes).rate(0.5),
    ]);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 500);
    assert_eq!(world.send("GET", "secrets/second", "").await.0, 200);
    assert_eq!(world.send("GET", "secrets/second/versions", "").await.0, 502);
    let mut failed = 0;
    for _ in 0..100 {
        failed += u32::from(world.send("PUT", "secrets/new", r#"{"value":"x"}"#).await.0 == 504);
    }
    // The chance that a half is less than 10 or more than 90 of 100 is one in 10¹⁶.
    assert!((10..=90).contains(&failed), "{failed}");
}

#[tokio::test]
async fn the_control_endpoint_needs_its_key() {
    let world = world().await;
    for key in ["", "wrong", &KEY[1..]] {
        assert_eq!(world.control(key, "GET", "counts", "").await.0, 401, "{key:?}");
    }
    assert_eq!(world.control(&world.token, "GET", "vaults", "").await.0, 401);
    let none = World::start(Emulator::builder().vault(Vault::new("payments"))).await;
    assert_eq!(none.control(KEY, "GET", "counts", "").await.0, 404, "there is none unless it is asked for");
    // By a vault's name it is nothing but a path.
    let request =
        world.client.get(format!("http://payments.localhost:{}/_credflow/counts", world.emulator.address().port()));
    assert_ne!(request.bearer_auth(KEY).send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn faults_are_changed_while_it_runs() {
    let world = world().await;
    let one = r#"{"fault": "throttled", "count": 1, "retry-after": 3, "vault": "payments"}"#;
    assert_eq!(world.control(KEY, "POST", "faults", one).await.0, 204);
    let many =
        r#"[{"fault": "delayed", "delay": 0.01, "jitter": 0.01}, {"fault": "failed", "status": 500, "rate": 1}]"#;
    assert_eq!(world.control(KEY, "POST", "faults", many).await.0, 204);
    let (_, faults) = world.control(KEY, "GET", "faults", "").await;
    let expected = json!([
        {"fault": "throttled", "retry-after": 3, "on": "gets", "vault": "payments", "count": 1},
        {"fault": "delayed", "delay": 0.01, "jitter": 0.01, "on": "all"},
        {"fault": "failed", "status": 500, "on": "gets", "rate": 1.0},
    ]);
    assert_eq!(faults, expected);
    // What it shows can be given back.
    assert_eq!(world.control(KEY, "PUT", "faults", &faults.to_string()).await.0, 204);
    assert_eq!(world.control(KEY, "GET", "faults", "").await.1, expected);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 429);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 500);
    assert_eq!(world.control(KEY, "DELETE", "faults", "").await.0, 204);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 200);
    let (_, counts) = world.control(KEY, "GET", "counts", "").await;
    assert_eq!((&counts["throttled"], &counts["gets"]["payments/plain"]), (&json!(1), &json!(2)));
    for (body, says) in [
        (r#"{"fault": "throtled"}"#, "did you mean `throttled`?"),
        (r#"{"count": 1}"#, "a fault has no `fault`"),
        (r#"{"fault": "reset", "status": 500}"#, "`status` says nothing of `reset`"),
        (r#"{"fault": "failed", "rate": 2}"#, "a share from 0 to 1"),
        (r#"{"fault": "failed", "vault": "paymnets"}"#, "did you mean `payments`?"),
        (r#"{"fault": "failed", "vault": "x"}"#, "there are: payments, money, other"),
        (r#"{"fault": "empty-page", "on": "gets"}"#, "`empty-page` never happens to gets"),
        (r#"{"fault": "limited", "on": "tokens"}"#, "`limited` never happens to tokens"),
        (r#"{"fault": "firewall", "on": "tokens"}"#, "without `on` it is vaults"),
        (r#"{"fault": "failed", "on": "tokens", "secret": "x"}"#, "a request for a token is of no secret"),
        (r#"{"fault": "failed", "status": 200}"#, "a status from 500 to 599"),
        ("{", "body:1"),
        ("\u{fffd}", "faults"),
    ] {
        let (status, answer) = world.control(KEY, "POST", "faults", body).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(status == 400 && message.contains(says), "{body}: {status} {message}");
    }
    assert_eq!(world.emulator.faults(), [], "a bad one changes nothing");
    assert_eq!(world.control(KEY, "PATCH", "faults", "").await.0, 405);
    assert_eq!(world.control(KEY, "GET", "nothing", "").await.0, 404);
}

#[tokio::test]
async fn an_alias_names_its_vault_and_the_real_limit_has_two_windows() {
    let world = world().await;
    let policy = r#"{"fault": "policy", "vault": "Money", "count": 1}"#;
    assert_eq!(world.control(KEY, "PUT", "faults", policy).await.0, 204);
    assert_eq!(code(&world.send("GET", "secrets/plain", "").await), (403, "ForbiddenByPolicy"));
    assert_eq!(world.control(KEY, "PUT", "faults", r#"{"fault": "limited"}"#).await.0, 204);
    let (_, faults) = world.control(KEY, "GET", "faults", "").await;
    assert_eq!((&faults[0]["requests"], &faults[0]["creates"]), (&json!(4000), &json!(300)));
    let mine = r#"{"fault": "limited", "requests": 2, "creates": 1, "window": 60}"#;
    assert_eq!(world.control(KEY, "PUT", "faults", mine).await.0, 204);
    assert_eq!(world.send("PUT", "secrets/new", r#"{"value":"x"}"#).await.0, 200);
    assert_eq!(world.send("PUT", "secrets/new", r#"{"value":"x"}"#).await.0, 429);
    assert_eq!(world.send("GET", "secrets/new", "").await.0, 200);
    assert_eq!(world.send("DELETE", "secrets/new", "").await.0, 200);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 429);
}

#[tokio::test]
async fn time_is_shifted_and_tokens_end() {
    let mut world = world().await;
    assert_eq!(world.control(KEY, "PUT", "clock", r#"{"offset": -86400}"#).await.0, 200);
    let made = world.send("PUT", "secrets/yesterday", r#"{"value":"x"}"#).await;
    assert_eq!(code(&made), (401, "Unauthorized"), "the token is of a day that is still to come");
    assert_eq!(world.control(KEY, "PUT", "clock", r#"{"now": "2035-06-01T00:00:00Z"}"#).await.0, 200);
    let late = world.send("GET", "secrets/plain", "").await;
    assert!(late.1["error"]["message"].as_str().is_some_and(|text| text.contains("TokenExpired")), "{late:?}");
    let fresh = world.ask_token(0).await["access_token"].as_str().expect("a token").to_owned();
    let old = std::mem::replace(&mut world.token, fresh);
    let (_, made) = world.send("PUT", "secrets/later", r#"{"value":"x"}"#).await;
    assert!(made["attributes"]["created"].as_i64().is_some_and(|made| made >= 2_064_268_800), "{made}");
    world.token = old;
    assert_eq!(world.control(KEY, "PUT", "clock", r#"{"offset": 0}"#).await.0, 200);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 200);
    assert_eq!(world.control(KEY, "POST", "tokens/expire", "").await.0, 204);
    assert_eq!(world.send("GET", "secrets/plain", "").await.0, 401);
    for bad in ["", "{}", r#"{"now": "soon"}"#, r#"{"now": "2035-06-01", "offset": 1}"#, r#"{"offset": 1.5}"#] {
        assert_eq!(world.control(KEY, "PUT", "clock", bad).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_secret_is_set_whatever_the_rights_are() {
    let world = world().await;
    let path = "vaults/payments/secrets/made";
    let (status, made) = world.control(KEY, "PUT", path, r#"{"value": "a \n value"}"#).await;
    assert_eq!((status, made["version"].as_str().map(str::len)), (200, Some(32)));
    assert_eq!(world.send("GET", "secrets/made", "").await.1["value"], "a \n value");
    let (_, vaults) = world.control(KEY, "GET", "vaults", "").await;
    assert_eq!(vaults["payments"]["made"][0]["value"], "a \n value");
    for (path, body, status) in [
        ("vaults/none/secrets/made", r#"{"value": "x"}"#.to_owned(), 404),
        ("vaults/payments/secrets/a_b", r#"{"value": "x"}"#.to_owned(), 400),
        ("vaults/payments/secrets/made", r#"{"valeu": "x"}"#.to_owned(), 400),
        ("vaults/payments/secrets/made", format!(r#"{{"value": "{}"}}"#, "x".repeat(25_601)), 400),
    ] {
        assert_eq!(world.control(KEY, "PUT", path, &body).await.0, status, "{path}");
    }
}
