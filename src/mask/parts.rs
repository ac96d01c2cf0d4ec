//! Values inside values: what somebody would cut out of a secret and print by itself.

mod json;
mod look;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use super::escape::last_unit;
use look::{is_secret_key, is_token, key_ends_with, letters};

/// How deep values are inside values.
const DEPTH: usize = 4;

/// So many parts are values of their own, at most.
const MOST: usize = 10_000;

/// A part of a value; wiped.
pub(super) type Part = Zeroizing<Vec<u8>>;

/// The parts of a value that are values of their own, each once.
pub(super) fn parts(value: &[u8]) -> Vec<Part> {
    let mut parts = Parts { found: Vec::new(), whole: value.trim_ascii() };
    parts.split(value, DEPTH);
    parts.found.sort_unstable_by(|a, b| a[..].cmp(&b[..]));
    parts.found.dedup();
    parts.found
}

struct Parts<'v> {
    found: Vec<Part>,
    whole: &'v [u8],
}

impl Parts<'_> {
    /// Splits a text that may have parts.
    fn split(&mut self, text: &[u8], depth: usize) {
        let text = text.trim_ascii();
        let Some(depth) = depth.checked_sub(1) else { return };
        if json::is_json(text) {
            json::leaves(text, |key, leaf| {
                self.field(key, leaf, depth);
                self.split(leaf, depth);
            });
        } else if text.contains(&b'\n') {
            self.lines(text, depth);
        } else {
            self.line(text, depth);
        }
    }

    fn lines(&mut self, text: &[u8], depth: usize) {
        let mut is_public = false;
        for line in text.split(|byte| *byte == b'\n') {
            let line = line.trim_ascii();
            if line.starts_with(b"-----") {
                is_public = line.starts_with(b"-----BEGIN CERT") || line.starts_with(b"-----BEGIN PUBLIC");
            } else if !is_public && !self.line(line, depth) {
                self.token(unquoted(line));
            }
        }
    }

    /// A line, or the one that there is; whether it has a key and a value.
    fn line(&mut self, line: &[u8], depth: usize) -> bool {
        let line = line.strip_prefix(b"- ").unwrap_or(line);
        let line = line.strip_prefix(b"export ").unwrap_or(line).trim_ascii();
        self.link(line);
        let fields = line.split(|byte| *byte == b';').filter(|field| field.contains(&b'=')).count();
        if fields > 1 {
            for field in line.split(|byte| *byte == b';') {
                if let Some((key, value)) = split_at(field, b"=") {
                    self.field(key, value, depth);
                }
            }
            return true;
        }
        let Some((key, value)) = split_at(line, b": ").or_else(|| split_at(line, b"=")) else { return false };
        let is_pair = look::is_key(key) && letters(value).next().is_some();
        if is_pair {
            let value = value.trim_ascii();
            let value = unquoted(value.strip_suffix(b",").unwrap_or(value));
            self.field(unquoted(key.trim_ascii()), value, depth);
            self.split(value, depth);
        }
        is_pair
    }

    /// The password of a link, and the secrets of its query.
    fn link(&mut self, line: &[u8]) {
        let Some(start) = memchr::memmem::find(line, b"://") else { return };
        let end = line[start..].iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''));
        let rest = &line[start + 3..end.map_or(line.len(), |end| start + end)];
        if let Some(at) = memchr::memrchr(b'@', rest) {
            match split_at(&rest[..at], b":") {
                Some((user, password)) if !user.contains(&b'/') => {
                    self.secret(password);
                    self.secret(&percent_decoded(password));
                }
                None => self.token(&rest[..at]),
                Some(_) => {}
            }
        }
        if let Some((_, query)) = split_at(rest, b"?") {
            for pair in query.split(|byte| *byte == b'&') {
                if let Some((key, value)) = split_at(pair, b"=")
                    && is_secret_key(key)
                {
                    self.secret(value);
                    self.secret(&percent_decoded(value));
                }
            }
        }
    }

    /// A value that has a key.
    fn field(&mut self, key: &[u8], value: &[u8], depth: usize) {
        let value = value.trim_ascii();
        if is_secret_key(key) {
            self.secret(value);
        } else if !key_ends_with(key, b"id") {
            self.token(value);
        }
        if key.eq_ignore_ascii_case(b"auth")
            && depth > 0
            && let Ok(decoded) = BASE64_STANDARD.decode(value).map(Zeroizing::new)
            && let Some((_, password)) = split_at(&decoded, b":")
        {
            self.secret(password);
            self.secret(&decoded);
        }
    }

    /// What its key says is a secret.
    fn secret(&mut self, value: &[u8]) {
        let is_word = ["true", "false", "null", "none", "basic", "bearer"];
        let is_word = is_word.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()));
        if letters(value).count() >= 4 && !is_word && !look::is_certificate(value) {
            self.take(value);
        }
    }

    /// What looks like a secret.
    fn token(&mut self, value: &[u8]) {
        if is_token(value) {
            self.take(value);
        }
    }

    fn take(&mut self, value: &[u8]) {
        if self.found.len() < MOST && value != self.whole {
            self.found.push(Zeroizing::new(value.to_vec()));
        }
    }
}

/// What stands before a separator and behind it.
fn split_at<'t>(text: &'t [u8], separator: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let at = memchr::memmem::find(text, separator)?;
    Some((&text[..at], &text[at + separator.len()..]))
}

/// A text without the quotes around it.
fn unquoted(text: &[u8]) -> &[u8] {
    match text {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        _ => text,
    }
}

fn percent_decoded(text: &[u8]) -> Part {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut at = 0;
    while at < text.len() {
        let code = if text[at] == b'%' { last_unit(&text[..text.len().min(at + 3)], at) } else { (1, None) };
        match code {
            (3, Some(byte)) => decoded.push(u8::try_from(byte).unwrap_or(b'?')),
            _ => decoded.push(text[at]),
        }
        at += if code.0 == 3 { 3 } else { 1 };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::parts;

    /// The parts of some secrets.
    #[test]
    fn parts_are_what_the_list_says() {
        let auth = "Y2k6ZGNrLTlWdDRSbTJYcTdMejh3";
        for (value, expected) in [
            ("hunter2hunter2HUNTER2", &[][..]),
            ("correct horse battery staple 12345", &[]),
            (
                r#"{"type":"service_account","private_key_id":"0123456789abcdef0123456789abcdef01234567",
                "private_key":"-----BEGIN PRIVATE KEY-----\nPy68wdvK/T6x4g2HBwWnyZMk\nGM0YvepW+iaQ2Srv\n-----END PRIVATE KEY-----\n",
                "client_email":"ci@demo.example.com","password":"p\"\u0061ss", "universe_domain": "googleapis.com"}"#,
                &[
                    "-----BEGIN PRIVATE KEY-----\nPy68wdvK/T6x4g2HBwWnyZMk\nGM0YvepW+iaQ2Srv\n-----END PRIVATE KEY-----",
                    "GM0YvepW+iaQ2Srv",
                    "Py68wdvK/T6x4g2HBwWnyZMk",
                    "p\"ass",
                ],
            ),
            (
                &format!(r#"{{"auths":{{"registry.example.com":{{"auth":"{auth}"}}}}}}"#),
                &[auth, "ci:dck-9Vt4Rm2Xq7Lz8w", "dck-9Vt4Rm2Xq7Lz8w"],
            ),
            (
                "DefaultEndpointsProtocol=https;AccountName=demostore;AccountKey=40rMoTEf03kMfL0mmL0QzNYF==;EndpointSuffix=core.windows.net",
                &["40rMoTEf03kMfL0mmL0QzNYF=="],
            ),
            (
                "Server=tcp:db1.database.windows.net,1433;Initial Catalog=shop;User ID=app;Password=s3cr;Encrypt=True",
                &["s3cr"],
            ),
            (
                "postgres://app:s3cr3t%2FPw%40d@db.example.com:5432/prod?sslmode=require",
                &["s3cr3t%2FPw%40d", "s3cr3t/Pw@d"],
            ),
            ("https://a.blob.core.windows.net/c?sv=2022-11-02&sig=aB3%2Fx9Zq%3D", &["aB3%2Fx9Zq%3D", "aB3/x9Zq="]),
            (
                "# settings\nexport DB_HOST=db1.internal.example.com\nDB_PASSWORD='x1 y2'\nAPI_TOKEN=abcd1234,\nDEBUG=true\nSTARTED=2024-01-31T12:00:00Z\n",
                &["abcd1234", "x1 y2"],
            ),
            (
                "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM=\n    server: https://k8s.example.com:6443\nusers:\n- name: admin-user\n  user:\n    token: eyJhbGciOi.eyJzdWIi.8_FaI-Q\n",
                &["eyJhbGciOi.eyJzdWIi.8_FaI-Q"],
            ),
            (
                "-----BEGIN CERTIFICATE-----\nMIIC6jCCAdKgAwIBAgIBATANBgkqhkiG\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nqBlAjOUBDKLgnvWaw9ifX/hZ\n-----END PRIVATE KEY-----",
                &["qBlAjOUBDKLgnvWaw9ifX/hZ"],
            ),
        ] {
            let found = parts(value.as_bytes());
            let found: Vec<&str> = found.iter().map(|part| str::from_utf8(part).expect("UTF-8")).collect();
            assert_eq!(found, expected, "{value}");
        }
    }
}
