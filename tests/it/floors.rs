//! The forms that a mask has to find by all means, by name: none may go, and none may show anything.

use std::collections::BTreeMap;
use std::fs;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use credflow::mask::Masks;
use credflow::secret::Secret;

use crate::project::root;

/// What people know the forms by, and their names in `floors.txt`. All of their outputs are clean. `sh` of the recording
/// is bash, and Debian's own is dash.
const FULL: &[(&str, &str)] = &[
    (
        "set -x",
        "bash-set-x bash-set-x-assignment bash-set-x-c-locale bash-set-x-test bash-set-x-unquoted \
         busybox-set-x busybox-set-x-assignment busybox-set-x-test bash-set-x-double-bracket dash-set-x dash-set-x-assignment \
         ksh-set-x ksh-set-x-assignment mksh-set-x mksh-set-x-assignment mksh-set-x-test yash-set-x \
         yash-set-x-assignment zsh-set-x zsh-set-x-assignment zsh-set-x-test",
    ),
    ("set", "bash-set busybox-set dash-set ksh-set mksh-set yash-set zsh-set"),
    (
        "export -p",
        "bash-export-p busybox-export-p dash-export-p ksh-export-p mksh-export-p yash-export-p \
         zsh-export-p",
    ),
    ("declare -p", "bash-declare-p bash-declare-p-map ksh-typeset-p mksh-typeset-p yash-typeset-p zsh-typeset-p"),
    ("printf %q", "bash-printf-q bash-printf-q-c-locale coreutils-printf-q ksh-printf-q zsh-printf-q"),
    ("${X@Q}", "bash-at-Q mksh-at-Q zsh-q zsh-q-extended zsh-q-minimal zsh-qq zsh-qqq zsh-qqqq"),
    ("echo that interprets escapes", "dash-echo zsh-echo bash-echo-e busybox-echo-e dash-printf-b"),
    (
        "unquoted echo",
        "bash-echo-unquoted busybox-echo-unquoted dash-echo-unquoted mksh-echo-unquoted \
         zsh-echo-unquoted",
    ),
    (
        "percent-encoding of any set",
        "curl-data-urlencode go-path-escape go-query-escape go-url-fragment go-url-path go-url-query \
         go-url-user java-url-encoder jq-uri node-encode-uri node-encode-uri-component node-legacy-url \
         node-querystring node-url-path node-url-search-params node-url-user perl-uri-escape \
         php-rawurlencode php-urlencode python-quote python-quote-all python-quote-every-byte \
         python-quote-plus python-urlencode ruby-cgi-escape ruby-erb-escape ruby-www-form",
    ),
    (
        "doubled quotes",
        "go-csv jq-csv node-yaml-single python-csv python-csv-quoted python-yaml-single ruby-csv \
         sqlite-csv sqlite-dump sqlite-insert sqlite-quote",
    ),
    ("$$, %%, %25", "cron-percents dollars-doubled percents-doubled python-quote-thrice python-quote-twice"),
    (
        "literals",
        "node-format node-inspect node-log-object perl-cstring perl-dumper perl-dumper-useqq \
         php-var-dump php-var-export python-ascii python-bytes python-dict python-repr ruby-dump \
         ruby-hash ruby-inspect",
    ),
    (
        "JSON in JSON in JSON",
        "go-json-in-json jq-tojson-4 jq-tojson-tojson node-json-in-json-in-json php-json-in-json \
         python-json-in-json python-json-in-json-4 python-json-in-json-in-json",
    ),
    (
        "folded YAML",
        "node-js-yaml-folded node-yaml-folded python-ruamel-folded python-yaml-block-folded \
         python-yaml-folded ruby-yaml-folded",
    ),
    (
        "colours, cursor movements, carriage returns and NULs within a value, on pipes and terminals",
        "carriage-return-lines carriage-returns colour-truecolour cursor-forward grep-colour \
         grep-colour-characters node-characters-coloured null-between script-json-terminal \
         script-terminal",
    ),
    ("xxd", "busybox-xxd xxd xxd-c8 xxd-g1 xxd-i xxd-i-file xxd-offset xxd-p xxd-upper"),
    ("hexdump -C", "busybox-hexdump hexdump-C hexdump-C-shifted hexdump-bytes hexdump-c hexdump-characters"),
    ("od", "busybox-od od-big-endian od-c od-c-plain od-x1 od-x1-and-c od-x1-wide od-x1z"),
    (
        "separated digits",
        "go-hex-0x go-hex-spaced hexdump-0x hexdump-colons java-hex-delimited java-hex-prefixed \
         perl-hex-pairs python-hex-colons python-hex-groups python-hex-list rust-bytes-hex",
    ),
    (
        "curl -v, curl --trace",
        "curl-trace curl-trace-ascii curl-trace-ascii-body curl-trace-basic curl-trace-body curl-v-basic curl-v-basic-short \
         curl-v-bearer curl-v-cookie",
    ),
    (
        "parts",
        "part-bash-expansion part-cut part-docker-login part-jq-auths part-jq-password \
         part-jq-private-key part-sed part-tr-lines part-url-go part-url-password part-url-password-raw",
    ),
];

/// Those that aren't full yet, each exactly as it is: one that becomes better moves to the others.
const GAPS: &[(&str, &str)] = &[
    // What stands within the value's own escapes.
    ("backspaces", "14/16"),
    ("colour-pairs", "15/16"),
    ("title-inside", "14/16"),
    // A short value in two lines, with a column between them.
    ("curl-trace-ascii-long", "15/16"),
    // Digits behind backslashes are octal ones to others.
    ("hexdump-escapes", "0/16"),
    ("openssl-subject", "7/8"),
    // The names of bytes that aren't ASCII's.
    ("od-a", "15/16"),
    // A byte below sixteen has one digit.
    ("perl-hex-vector", "14/16"),
    // A line's end within an escape.
    ("python-yaml-double", "15/16"),
    // A prefix on every line.
    ("part-python-key-lines", "0/1"),
];

#[test]
fn the_forms_that_have_names_are_full() {
    let file = fs::read_to_string(root().join("tests/fixtures/masks/floors.txt")).expect("the floors");
    let floors: BTreeMap<&str, &str> = file.lines().filter_map(|line| line.split_once(' ')).collect();
    let full = FULL.iter().flat_map(|(kind, names)| names.split(' ').map(move |name| (*kind, name)));
    let mut faults: Vec<String> = full
        .filter_map(|(kind, name)| match floors.get(name).map(|floor| (*floor, floor.split_once('/'))) {
            Some((_, Some((clean, all)))) if clean == all => None,
            Some((floor, _)) => Some(format!("{kind}: {name} is {floor}")),
            None => Some(format!("{kind}: {name} is gone")),
        })
        .collect();
    for (name, floor) in GAPS {
        match floors.get(name) {
            Some(found) if found == floor => {}
            Some(found) => faults.push(format!("{name} was {floor}, and is {found}")),
            None => faults.push(format!("{name} is gone")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What the names stand for was recorded, letter by letter, and is nothing but stars.
#[test]
fn what_the_names_stand_for_was_recorded() {
    let corpus = fs::read_to_string(root().join("tests/fixtures/masks/forms.jsonl")).expect("the corpus");
    for (form, value, printed, masked) in [
        ("dash-set", "Abc'9defg", r#"'Abc'"'"'9defg'"#, "'***'"),
        ("bash-set-x", "Abc'9defg", r"'Abc'\''9defg'", "'***'"),
        ("mksh-set", "Abc'9defg", r"'Abc'\''9defg'", "'***'"),
        ("busybox-set-x", "Abc'9defg", r#"'Abc'"'"'9defg'"#, "'***'"),
        ("go-url-user", "Pa$$w0rd!@9", "Pa$$w0rd%21%409", "***"),
        ("node-url-user", "Pa$$w0rd!@9", "Pa$$w0rd!%409", "***"),
    ] {
        let start = format!(r#"{{"form": "{form}", "#);
        let outputs = corpus.lines().filter(|line| line.starts_with(&start)).filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
            let bytes = |name: &str| BASE64_STANDARD.decode(line[name].as_str().expect("text")).expect("base64");
            (bytes("value") == value.as_bytes()).then(|| bytes("output"))
        });
        let outputs: Vec<String> = outputs.map(|output| String::from_utf8_lossy(&output).into_owned()).collect();
        assert!(outputs.iter().any(|output| output.contains(printed)), "{form} prints {outputs:?}");
        let masks = Masks::new([&Secret::new(value.to_owned())]);
        assert_eq!(String::from_utf8_lossy(&masks.mask(printed.as_bytes())), masked, "{form}");
    }
    // Nested quotes as some shells write them.
    let masks = Masks::new([&Secret::new("Abc'9defg".to_owned())]);
    for printed in [r"'Abc'\'\''9defg'", r#"'Abc'"''"'9defg'"#, r"'Abc'\''9defg'", r#""Abc'9defg""#, r"Abc\'9defg"] {
        let shown = String::from_utf8(masks.mask(printed.as_bytes())).expect("UTF-8");
        assert_eq!(shown.trim_matches(['\'', '"']), "***", "{printed}");
    }
}
