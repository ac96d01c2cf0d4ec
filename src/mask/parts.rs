//! Values inside values: what somebody would cut out of a secret and print by itself.

mod encoded;
#[cfg(test)]
mod golden;
mod json;
mod look;
mod markup;
mod piece;

use zeroize::Zeroizing;

use encoded::{base64_text, is_jwt, percent_decoded, undoubled};
use look::{is_digest, is_mixed, is_secret_key, is_token, key_ends_with, letters};
use piece::{bare, bracketed, list, pair, pieces, unquoted};

/// How deep values are inside values.
const DEPTH: usize = 4;

/// So many parts are values of their own, at most.
const MOST: usize = 10_000;

/// A part of a value; wiped.
pub(super) type Part = Zeroizing<Vec<u8>>;

/// The parts of a value that are values of their own, each once.
pub(super) fn parts(value: &[u8]) -> Vec<Part> {
    let mut parts = Parts { found: Vec::new(), whole: value.trim_ascii() };
    parts.encoded(value, true, DEPTH);
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
        let text = unquoted(text.trim_ascii());
        let Some(depth) = depth.checked_sub(1) else { return };
        if json::is_json(text) {
            json::leaves(text, |key, leaf| self.field(key, leaf, depth));
        } else if markup::is_markup(text) {
            markup::fields(text, |key, value| self.field(key, value, depth));
        } else if !self.netrc(text) && text.contains(&b'\n') {
            self.table(text, depth);
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
                is_public = look::is_public(line);
            } else if !is_public && !self.line(line, depth) {
                self.token(unquoted(line));
            }
        }
    }

    /// Lines of fields, the first of which names them.
    fn table(&mut self, text: &[u8], depth: usize) {
        let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.next().unwrap_or_default();
        let Some(separator) = b",;\t".iter().find(|separator| first.contains(separator)) else { return };
        let fields =
            |line| pieces(line, |byte| byte == *separator).into_iter().map(|field| unquoted(field.trim_ascii()));
        let keys: Vec<&[u8]> = fields(first).collect();
        if keys.iter().all(|key| look::is_key(key)) {
            for line in lines.filter(|line| fields(line).count() == keys.len()) {
                keys.iter().zip(fields(line)).for_each(|(key, value)| self.field(key, value, depth));
            }
        }
    }

    /// The passwords of a netrc file, in lines or in one; whether it is one.
    fn netrc(&mut self, text: &[u8]) -> bool {
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii_start().starts_with(b"#"));
        let words = lines.flat_map(|line| line.split(u8::is_ascii_whitespace)).filter(|word| !word.is_empty());
        if !words.clone().next().is_some_and(|first| first == b"machine" || first == b"default") {
            return false;
        }
        for (key, value) in words.clone().zip(words.clone().skip(1)) {
            if key == b"password" || key == b"account" {
                self.secret(unquoted(value));
            }
        }
        words.clone().any(|word| word == b"password")
    }

    /// A line, or the one that there is; whether it has a key and a value.
    fn line(&mut self, line: &[u8], depth: usize) -> bool {
        let line = line.strip_prefix(b"- ").unwrap_or(line);
        let line = line.strip_prefix(b"export ").unwrap_or(line).trim_ascii();
        if look::is_public(line) {
            return true;
        }
        self.link(line);
        if markup::is_markup(line) {
            markup::fields(line, |key, value| self.field(key, value, depth));
            return true;
        }
        if let Some(inner) = bracketed(line) {
            self.fields(&pieces(inner, |byte| byte == b','), depth);
            return true;
        }
        if let Some(fields) = list(line, |byte| byte == b';') {
            self.fields(&fields, depth);
            return true;
        }
        if list(line, |byte| byte == b'&').is_some() {
            self.query(line);
            return true;
        }
        self.scheme(line, depth);
        self.jwt(line);
        let is_separator: [fn(u8) -> bool; 2] = [|byte| byte == b',', |byte| byte.is_ascii_whitespace()];
        let lists = is_separator.map(|is_separator| list(line, is_separator));
        for (list, is_separator) in lists.iter().zip(is_separator) {
            let looks = || pieces(line, is_separator);
            match list {
                Some(fields) => self.fields(fields, depth),
                None => self.looks(&looks()),
            }
        }
        let is_list = lists.iter().any(Option::is_some);
        if !is_list {
            self.colons(line);
        }
        let Some((key, value)) = pair(line) else { return is_list };
        if !is_list || is_secret_key(key) {
            self.keyed(key, value, depth);
        }
        true
    }

    /// Pieces of which some have keys.
    fn fields(&mut self, fields: &[&[u8]], depth: usize) {
        for field in fields {
            match pair(field) {
                Some((key, value)) => self.keyed(key, value, depth),
                None if bracketed(field.trim_ascii()).is_some() => self.split(field, depth),
                None => self.token(unquoted(field.trim_ascii())),
            }
        }
    }

    /// Pieces without keys, where there are several.
    fn looks(&mut self, pieces: &[&[u8]]) {
        for piece in pieces.iter().filter(|piece| pieces.len() > 1 && pair(piece).is_none()) {
            let piece = unquoted(piece.trim_ascii());
            self.jwt(piece);
            // Within other text, what has brackets or comparisons in it is prose, code or a version that is wanted.
            if !piece.iter().any(|byte| b"()<>[]{}".contains(byte)) {
                self.token(piece);
            }
        }
    }

    /// A value behind its key, as it is written there.
    fn keyed(&mut self, key: &[u8], value: &[u8], depth: usize) {
        if is_secret_key(key) {
            if !matches!(value, [b'"' | b'\'', ..]) && memchr::memmem::find(value, b" #").is_some() {
                self.secret(value);
            }
            let value = bracketed(value).unwrap_or_else(|| bare(value));
            if let Some(value) = undoubled(value) {
                self.secret(&value);
            }
            self.field(key, value, depth);
        } else {
            self.field(key, bare(value), depth);
        }
    }

    /// The password of a link, the secrets of its query, and what looks like one in its path.
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
        let (path, query) = split_at(rest, b"?").unwrap_or((rest, b""));
        path.split(|byte| *byte == b'/').skip(1).filter(|part| is_mixed(part)).for_each(|part| self.token(part));
        self.query(query);
    }

    /// `key=value` in a row, percent-encoded.
    fn query(&mut self, query: &[u8]) {
        for field in query.split(|byte| *byte == b'&') {
            if let Some((key, value)) = split_at(field, b"=")
                && is_secret_key(key)
            {
                self.secret(value);
                self.secret(&percent_decoded(value));
            }
        }
    }

    /// `Bearer TOKEN`, `Basic CREDENTIALS`.
    fn scheme(&mut self, line: &[u8], depth: usize) {
        let Some((scheme, word)) = split_at(line, b" ") else { return };
        let word = word.trim_ascii();
        if word.iter().any(u8::is_ascii_whitespace) {
            return;
        }
        if scheme.eq_ignore_ascii_case(b"bearer") {
            self.field(scheme, word, depth);
        } else if scheme.eq_ignore_ascii_case(b"basic") && base64_text(word).is_some_and(|text| text.contains(&b':')) {
            self.field(b"auth", word, depth);
        }
    }

    /// The payload and the signature of a JWT; its head is everybody's.
    fn jwt(&mut self, text: &[u8]) {
        if is_jwt(text) {
            text.split(|byte| *byte == b'.').skip(1).for_each(|part| self.secret(part));
        }
    }

    /// `user:password`, and the lines of files of passwords.
    fn colons(&mut self, line: &[u8]) {
        let Some((user, rest)) = split_at(line, b":") else { return };
        let is_other = user.len() < 2 || is_digest(user) || line.iter().any(u8::is_ascii_whitespace);
        if is_other || rest.starts_with(b"//") || user.eq_ignore_ascii_case(b"arn") {
            return;
        }
        // host:port:database:user:password, where a colon of the password is escaped.
        let mut fields = rest.splitn(4, |byte| *byte == b':');
        match (fields.next(), fields.nth(2)) {
            (Some(port), Some(password)) if port == b"*" || port.iter().all(u8::is_ascii_digit) => {
                self.secret(password);
            }
            _ => {
                self.token(rest);
                rest.split(|byte| *byte == b':').for_each(|field| self.token(field));
            }
        }
    }

    /// A value that has a key.
    fn field(&mut self, key: &[u8], value: &[u8], depth: usize) {
        let value = value.trim_ascii();
        let is_secret = is_secret_key(key);
        if is_secret {
            self.secret(value);
        } else if !key_ends_with(key, b"id") {
            self.token(value);
        }
        if key.eq_ignore_ascii_case(b"auth")
            && let Some(text) = base64_text(value)
            && let Some((_, password)) = split_at(&text, b":")
        {
            self.secret(password);
        }
        self.encoded(value, is_secret, depth);
        self.split(value, depth);
    }

    /// A text in base64.
    fn encoded(&mut self, value: &[u8], is_secret: bool, depth: usize) {
        let Some(text) = base64_text(value) else { return };
        if is_secret {
            self.secret(&text);
        } else {
            self.token(&text);
        }
        self.split(&text, depth);
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
