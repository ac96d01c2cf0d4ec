//! A store of a provider that an engine registers.

use super::properties::{COMMON, Properties};
use super::property::PropertyReader;
use super::registered::Registered;
use crate::config::{OwnStore, StoreSchema};
use crate::diagnostic::nearest;
use crate::yaml::Reader;

/// A whole store.
pub(super) fn store(
    reader: &mut Reader<'_>,
    properties: &Properties,
    schema: &dyn StoreSchema,
    registered: Registered<'_>,
) -> Option<OwnStore> {
    let keys = unknown_keys(reader, properties, schema, registered);
    let missing: Vec<&str> = schema.required_keys().iter().copied().filter(|key| !keys.contains(key)).collect();
    let lines: Vec<String> = missing.iter().map(|key| format!("`{key}: …`")).collect();
    let help = format!("write {}, which the provider `{}` requires", lines.join(" and "), schema.provider());
    properties.complain_of_missing(reader, &missing, &help);
    let mut own = PropertyReader::new(reader, properties);
    let settings = schema.read(&mut own);
    let secrets = own.into_secrets();
    let settings = settings.filter(|_| missing.is_empty())?;
    Some(OwnStore::new(schema.provider(), settings).with_secrets(secrets))
}

/// Complains of keys that such a store doesn't have, and gives those that are there or meant.
pub(super) fn unknown_keys<'s>(
    reader: &mut Reader<'_>,
    properties: &Properties,
    schema: &'s dyn StoreSchema,
    registered: Registered<'_>,
) -> Vec<&'s str> {
    let known = [COMMON, schema.required_keys(), schema.optional_keys()].concat();
    let mut keys = Vec::new();
    for &entry in &properties.entries {
        let Some(key) = reader.key(entry) else { continue };
        let same = known.iter().copied().find(|&known| known == key);
        if same.is_none() {
            registered.unknown_key(reader, entry, schema.provider());
        }
        keys.extend(same.or_else(|| nearest(key, known.iter().copied())));
    }
    keys
}
