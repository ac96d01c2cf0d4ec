//! One store of `credflow.yaml`.

use std::num::NonZeroU16;
use std::time::Duration;

use super::properties::Properties;
use super::property::PropertyReader;
use super::registered::{Registered, StoreProvider};
use super::{azure, own};
use crate::config::{DEFAULT_CONCURRENCY, DEFAULT_REQUEST_TIMEOUT, Store, StoreKind, StoreProof};
use crate::diagnostic::Code;
use crate::yaml::{Reader, Tree};

/// A whole store.
pub(super) fn store(reader: &mut Reader<'_>, properties: &Properties, registered: Registered<'_>) -> Option<Store> {
    let common = Common::read(reader, properties);
    let kind = match registered.choose(reader, properties)? {
        StoreProvider::Azure => StoreKind::Azure(Box::new(azure::vault(reader, properties, registered)?)),
        StoreProvider::Own(schema) => StoreKind::Own(own::store(reader, properties, schema, registered)?),
    };
    Some(Store {
        name: properties.name.clone(),
        kind,
        max_concurrency: common.max_concurrency.unwrap_or(DEFAULT_CONCURRENCY),
        request_timeout: DEFAULT_REQUEST_TIMEOUT,
        timeout: common.timeout,
        enforce_validity: common.enforce_validity,
    })
}

/// Whether a store lacks a key that it needs.
pub(super) fn is_incomplete(tree: &Tree, properties: &Properties, registered: Registered<'_>) -> bool {
    let mut reader = Reader::new(tree);
    let _ = store(&mut reader, properties, registered);
    reader.faults.iter().any(|fault| fault.code == Code::MissingKey)
}

/// What the properties say that environments have others over, with the faults that they have in each environment; and what
/// it would prove itself by, if that is whole.
pub(super) fn base(
    reader: &mut Reader<'_>,
    properties: &Properties,
    over: &[&Properties],
    registered: Registered<'_>,
) -> Option<StoreProof> {
    Common::read(reader, properties);
    match registered.choose(reader, properties)? {
        StoreProvider::Azure => azure::base(reader, properties, over, registered).map(StoreProof::Azure),
        StoreProvider::Own(schema) => {
            own::unknown_keys(reader, properties, schema, registered);
            let mut own = PropertyReader::new(reader, properties);
            schema.read(&mut own);
            Some(StoreProof::Own(own.into_secrets()))
        }
    }
}

/// What the stores of all providers have.
#[derive(Default)]
struct Common {
    max_concurrency: Option<NonZeroU16>,
    timeout: Option<Duration>,
    enforce_validity: bool,
}

impl Common {
    fn read(reader: &mut Reader<'_>, properties: &Properties) -> Self {
        let mut common = Self::default();
        for entry in &properties.entries {
            let node = entry.value;
            match reader.tree.text(reader.tree.resolve(entry.key)) {
                Some(key @ "max-concurrency") => {
                    common.max_concurrency = reader.tree.text(node).and_then(|text| text.parse().ok());
                    if common.max_concurrency.is_none() {
                        let message = format!("`{key}` must be a whole number from 1 to 65535");
                        let help =
                            format!("leave it out, or write `max-concurrency: {DEFAULT_CONCURRENCY}`, the default");
                        reader.fault(Code::WrongValue, node, message, "", &help);
                    }
                }
                Some(key @ "timeout") => {
                    let seconds = reader.tree.text(node).and_then(|text| text.parse::<f64>().ok());
                    common.timeout = seconds.filter(|it| *it > 0.0 && *it <= 86_400.0).map(Duration::from_secs_f64);
                    if common.timeout.is_none() {
                        reader.wrong_type(node, key, "a number of seconds, more than 0 and at most a day");
                    }
                }
                Some(key @ "enforce-validity") => {
                    common.enforce_validity = reader.boolean(node, key).unwrap_or_default();
                }
                _ => {}
            }
        }
        common
    }
}
