//! How tools print a value that has too few letters and digits for a view, or others than ASCII's: encoded, escaped,
//! quoted.
//!
//! A form is the part that stays the same wherever the value stands. In base64 the characters at the value's ends hold
//! bits of what stands beside it, up to four of the value's own at each end; those characters are no part of a form
//! unless the value is encoded alone.

mod base64;
mod escape;

use zeroize::Zeroizing;

/// A value with more bytes has none of these forms: it has enough digits in a view.
const LONGEST: usize = 256;

/// The shortest form.
const SHORTEST: usize = 4;

/// A form in memory that is wiped.
type Form = Zeroizing<Vec<u8>>;

/// All forms of a value that aren't the value itself, each once.
pub(super) fn forms(value: &[u8]) -> Vec<Form> {
    if value.len() > LONGEST {
        return Vec::new();
    }
    let mut forms = Vec::new();
    base64::forms(value, &mut forms);
    escape::hexadecimal(value, &mut forms);
    escape::percent(value, &mut forms);
    if let Ok(text) = str::from_utf8(value) {
        escape::terminal(text, &mut forms);
        escape::json(text, &mut forms);
        escape::shell(text, &mut forms);
        escape::xml(text, &mut forms);
    }
    forms.retain(|form| form[..] != *value && form.len() >= SHORTEST);
    forms.sort_unstable_by(|a, b| a[..].cmp(&b[..]));
    forms.dedup();
    forms
}

/// A value with a backslash before each byte, as bash's `set -x` shows a pattern that was quoted.
pub(super) fn backslashed(value: &[u8]) -> Form {
    let mut out = form(2 * value.len());
    out.extend(value.iter().flat_map(|byte| [b'\\', *byte]));
    out
}

/// A form of at most so many bytes. It never grows beyond them, which would leave copies behind.
fn form(capacity: usize) -> Form {
    Zeroizing::new(Vec::with_capacity(capacity))
}

#[cfg(test)]
mod tests {
    use super::forms;

    fn all(value: &str) -> Vec<String> {
        forms(value.as_bytes()).iter().map(|form| String::from_utf8(form.to_vec()).expect("UTF-8")).collect()
    }

    #[test]
    fn the_forms_of_a_value_with_everything_in_it() {
        let forms = all("a\"b'c<d>&é\n\\/ $?");
        for expected in [
            // Shells' quoting, `printf %q`, Python's `shlex.quote`, and Bash's `set -x`.
            r#"a"b'\''c<d>&"#,
            r#"a"b'"'"'c<d>&"#,
            r#"a\"b'c<d>&"#,
            r#"a\"b\'c\<d\>\&"#,
            r#"a"b\'c<d>&é\n\\/ $?"#,
            // JSON as it is, in ASCII alone, and as Go writes it; and each in a JSON string again.
            r#"a\"b'c<d>&é\n\\/ $?"#,
            r#"a\"b'c<d>&\u00e9\n\\/ $?"#,
            r#"a\"b'c\u003cd\u003e\u0026é\n\\/ $?"#,
            r#"a\\\"b'c<d>&é\\n\\\\/ $?"#,
            // Percent-encoding of everything, of a URI's component, of a path, and of a form.
            "a%22b%27c%3Cd%3E%26%C3%A9%0A%5C%2F%20%24%3F",
            "a%22b%27c%3cd%3e%26%c3%a9%0a%5c%2f%20%24%3f",
            "a%22b'c%3Cd%3E%26%C3%A9%0A%5C%2F%20%24%3F",
            "a%22b%27c%3Cd%3E%26%C3%A9%0A%5C/%20%24%3F",
            "a%22b%27c%3Cd%3E%26%C3%A9%0A%5C%2F+%24%3F",
            // XML's text and attributes.
            "a\"b'c&lt;d&gt;&amp;é\n\\/ $?",
            "a&quot;b&apos;c&lt;d&gt;&amp;é\n\\/ $?",
            "a&quot;b&#39;c&lt;d&gt;&amp;é\n\\/ $?",
        ] {
            assert!(forms.iter().any(|form| form.starts_with(expected)), "{expected}\n{forms:#?}");
        }
    }

    #[test]
    fn percent_encoding_is_that_of_many_tools() {
        let forms = all("a b~c*d'e(f)g!h/i?j:k@l&m=n+o$p,q;r#é");
        for expected in [
            // Python's `quote_plus` and `urlencode`, and Go's `QueryEscape`.
            "a+b~c%2Ad%27e%28f%29g%21h%2Fi%3Fj%3Ak%40l%26m%3Dn%2Bo%24p%2Cq%3Br%23%C3%A9",
            // JavaScript's `encodeURI`.
            "a%20b~c*d'e(f)g!h/i?j:k@l&m=n+o$p,q;r#%C3%A9",
            // Go's `PathEscape`.
            "a%20b~c%2Ad%27e%28f%29g%21h%2Fi%3Fj:k@l&m=n+o$p%2Cq%3Br%23%C3%A9",
            // PHP's `urlencode`.
            "a+b%7Ec%2Ad%27e%28f%29g%21h%2Fi%3Fj%3Ak%40l%26m%3Dn%2Bo%24p%2Cq%3Br%23%C3%A9",
        ] {
            let mut parts = expected.split('%');
            let mut lower = parts.next().unwrap_or_default().to_owned();
            parts.for_each(|part| lower.extend(["%", &part[..2].to_ascii_lowercase(), &part[2..]]));
            assert!(forms.contains(&expected.to_owned()), "{expected}\n{forms:#?}");
            assert!(forms.contains(&lower), "{lower}\n{forms:#?}");
        }
    }

    #[test]
    fn json_is_that_of_many_tools() {
        let value = "a\"b&c'd+e<f>g`h=i\u{7f}é😀\u{1f}/";
        let forms = all(value);
        for expected in [
            // .NET.
            r"a\u0022b\u0026c\u0027d\u002Be\u003Cf\u003Eg\u0060h=i\u007F\u00E9\uD83D\uDE00\u001F/",
            // Gson.
            "a\\\"b\\u0026c\\u0027d+e\\u003cf\\u003eg`h\\u003di\u{7f}é😀\\u001f/",
            // jq, and Python.
            "a\\\"b&c'd+e<f>g`h=i\\u007fé😀\\u001f/",
            "a\\\"b&c'd+e<f>g`h=i\\u007f\\u00e9\\ud83d\\ude00\\u001f/",
        ] {
            assert!(forms.contains(&expected.to_owned()), "{expected}\n{forms:#?}");
        }
        for twice in [
            r"a\\u0022b\\u0026c\\u0027d\\u002Be\\u003Cf\\u003Eg\\u0060h=i\\u007F\\u00E9\\uD83D\\uDE00\\u001F/",
            "a\\\\\\\"b\\\\u0026c\\\\u0027d+e\\\\u003cf\\\\u003eg`h\\\\u003di\u{7f}é😀\\\\u001f/",
            "a\\\\\\\"b&c'd+e<f>g`h=i\\\\u007f\\\\u00e9\\\\ud83d\\\\ude00\\\\u001f/",
        ] {
            assert!(forms.contains(&twice.to_owned()), "{twice}\n{forms:#?}");
        }
    }

    #[test]
    fn shells_quote_each_in_its_own_way() {
        let forms = all("#a~b=~c:~d,e{f}%g@h ~é");
        for expected in [
            r"\#a~b=\~c:\~d\,e\{f\}%g@h\ ~é",
            r"#a~b=\~c:\~d\,e\{f\}%g@h\ ~é",
            r"\#a\~b=\~c:\~d,e\{f\}%g@h\ \~é",
            r"#a~b=~c:~d,e{f}%g@h ~\303\251",
        ] {
            assert!(forms.contains(&expected.to_owned()), "{expected}\n{forms:#?}");
        }
        let forms = all("a\u{7}\u{8}\t\n\u{b}\u{c}\r\u{1b}\u{1}\u{7f}'\\é");
        for expected in [r"a\a\b\t\n\v\f\r\E\001\177\'\\é", r"a\a\b\t\n\v\f\r\E\001\177\'\\\303\251"] {
            assert!(forms.contains(&expected.to_owned()), "{expected}\n{forms:#?}");
        }
    }

    #[test]
    fn xml_has_numbers_for_what_is_not_ascii() {
        let forms = all("a<é߿ﬁ😀\"");
        for expected in [
            "a&lt;&#233;&#2047;&#64257;&#128512;&quot;",
            "a&lt;&#xe9;&#x7ff;&#xfb01;&#x1f600;&quot;",
            "a&lt;&#xE9;&#x7FF;&#xFB01;&#x1F600;&#34;",
        ] {
            assert!(forms.contains(&expected.to_owned()), "{expected}\n{forms:#?}");
        }
        // No form outgrows its memory.
        all("\u{10ffff}\u{ffff}\u{fffd}\u{7ff}\u{80}\u{9f}");
    }

    #[test]
    fn a_terminal_puts_a_carriage_return_before_each_line_break() {
        assert!(all("{\n}\n[").contains(&"{\r\n}\r\n[".to_owned()));
        assert!(all("p@\"'\u{e9}").contains(&"p%40%22%27%C3%A9".to_owned()));
    }
}
