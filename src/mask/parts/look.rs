//! What a part of a value looks like: a secret, or something that anybody may see.

/// How a key ends whose value is a secret.
const SECRET_KEYS: [&[u8]; 16] = [
    b"pass",
    b"password",
    b"passwd",
    b"passphrase",
    b"pwd",
    b"secret",
    b"token",
    b"key",
    b"auth",
    b"credential",
    b"sig",
    b"signature",
    b"sas",
    b"bearer",
    b"dsn",
    b"key-data",
];

/// How a certificate begins in base64.
const CERTIFICATE: &[u8] = b"LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR";

/// Whether the value of a key is a secret.
pub(super) fn is_secret_key(key: &[u8]) -> bool {
    SECRET_KEYS.iter().any(|end| key_ends_with(key, end))
}

/// Whether a key ends with some letters, of whatever case.
pub(super) fn key_ends_with(key: &[u8], end: &[u8]) -> bool {
    let key = key.trim_ascii();
    key.len() >= end.len() && key[key.len() - end.len()..].eq_ignore_ascii_case(end)
}

/// Whether a text can be the key of a line.
pub(super) fn is_key(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.\"' ".contains(byte))
}

/// Letters and digits.
pub(super) fn letters(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().copied().filter(u8::is_ascii_alphanumeric)
}

/// Whether a text is a certificate in base64, which is public.
pub(super) fn is_certificate(text: &[u8]) -> bool {
    text.starts_with(CERTIFICATE)
}

/// Whether a line is a certificate or a public key, or begins one.
pub(super) fn is_public(line: &[u8]) -> bool {
    let begins: [&[u8]; 5] = [b"-----BEGIN CERT", b"-----BEGIN PUBLIC", b"ssh-", b"ecdsa-sha2-", b"sk-ssh-"];
    begins.iter().any(|begin| line.starts_with(begin))
}

/// Whether a text names the kind of a digest.
pub(super) fn is_digest(text: &[u8]) -> bool {
    let kinds: [&[u8]; 5] = [b"md5", b"sha1", b"sha256", b"sha384", b"sha512"];
    kinds.iter().any(|kind| key_ends_with(text, kind))
}

/// Whether a text has letters of both cases and digits, sixteen at least.
pub(super) fn is_mixed(text: &[u8]) -> bool {
    let is: [fn(&u8) -> bool; 3] = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit];
    letters(text).count() >= 16 && is.iter().all(|is| text.iter().any(is))
}

/// Whether a text looks like something that a machine made to be secret.
pub(super) fn is_token(text: &[u8]) -> bool {
    let count = letters(text).count();
    let has = |is: fn(&u8) -> bool| usize::from(text.iter().any(is));
    let kinds = has(u8::is_ascii_lowercase) + has(u8::is_ascii_uppercase) + has(u8::is_ascii_digit);
    let is_random =
        count >= 16 && kinds >= 2 && entropy(text) >= 3.0 || count >= 10 && kinds == 3 && entropy(text) >= 2.8;
    is_random && !is_harmless(text)
}

/// Bits a letter or digit.
#[expect(clippy::cast_precision_loss, reason = "a value is short enough")]
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 128];
    letters(text).for_each(|byte| counts[usize::from(byte)] += 1);
    let all = letters(text).count() as f64;
    let share = |count: u32| f64::from(count) / all;
    counts.iter().filter(|count| **count > 0).map(|count| -share(*count) * share(*count).log2()).sum()
}

/// Whether a text is of a kind that is no secret however it looks.
fn is_harmless(text: &[u8]) -> bool {
    let all = |is: fn(u8) -> bool| text.iter().all(|byte| is(*byte));
    text.iter().any(u8::is_ascii_whitespace)
        || is_certificate(text)
        // Words, names, and dates, versions or addresses of the network.
        || all(|byte| byte.is_ascii_lowercase() || b"-_. /:".contains(&byte))
        || all(|byte| byte.is_ascii_uppercase() || b"-_".contains(&byte))
        || all(|byte| byte.is_ascii_digit() || b"-_.:/+TZv,[]".contains(&byte))
        || is_link(text)
        || is_host(text)
        || is_mail(text)
}

/// A link, which may have secrets in it but is none.
fn is_link(text: &[u8]) -> bool {
    memchr::memmem::find(text, b"://").is_some_and(|at| at > 0 && text[..at].iter().all(u8::is_ascii_alphanumeric))
}

/// `tcp:db1.example.com,1433`, `db1.example.com:1433/path`.
fn is_host(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"tcp:").unwrap_or(text);
    let end = text.iter().position(|byte| b":,/".contains(byte)).unwrap_or(text.len());
    let (host, rest) = text.split_at(end);
    let labels = host.split(|byte| *byte == b'.');
    let is_label = |label: &[u8]| {
        !label.is_empty()
            && label.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    let last = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_rest =
        rest.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":,/-_.".contains(byte));
    host.contains(&b'.') && labels.clone().all(is_label) && last.iter().all(u8::is_ascii_lowercase) && is_rest
}

/// `somebody@example.com`.
fn is_mail(text: &[u8]) -> bool {
    let Some(at) = memchr::memchr(b'@', text) else { return false };
    let is_name = text[..at].iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(byte));
    at > 0 && is_name && is_host(&text[at + 1..])
}
