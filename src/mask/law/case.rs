//! Values and texts that are hard on the masks.

use proptest::prelude::*;

use super::dump::Dump;
use super::encoder::Encoder;

/// Values, a text, and where it is cut, as one line.
#[derive(Clone)]
pub(super) struct Case(pub(super) Vec<Vec<u8>>, pub(super) Vec<u8>, pub(super) Vec<usize>);

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values: Vec<String> = self.0.iter().map(|value| show(value)).collect();
        write!(f, "{} in b\"{}\" cut {:?}", values.join(" | "), show(&self.1), self.2)
    }
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[ab\\-0x4%\\\\n&;<> \"']{1,14}",
        4 => "[a-f0-9x]{4,20}",
        2 => "[!-~]{6,30}",
        1 => "[a-zA-Z0-9]{24}",
        1 => "\\PC{1,12}",
        1 => "(abcdef){2,80}[a-g]{0,3}",
        1 => "(ab){1,50}",
        1 => "a{4,300}",
        1 => "(a1b2(c3){0,3}){1,60}[\\-a-f]{0,6}",
        1 => "[A-Za-z0-9+/\n]{100,400}",
        1 => "1|abc|root|production|\u{e9}",
        1 => "[a-z]{3,6}\n[a-z]{3,6}\r\n\t[A-Z]{2,5}",
    ]
    .prop_map(String::into_bytes)
}

/// Text that often holds a value, a part of one, or a form of one.
fn text(values: &[Vec<u8>]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let mut pieces: Vec<BoxedStrategy<Vec<u8>>> = vec![
        "[ab \\-c\r\n0x%&;\\\\4.]{0,6}|\\.\\.\\.".prop_map(String::into_bytes).boxed(),
        prop::collection::vec(any::<u8>(), 0..3).boxed(),
        prop::sample::select(vec![
            &b"\\"[..],
            b"%",
            b"&",
            b"0x",
            b"0",
            b"%4",
            b"\\x4",
            b"&#",
            b"\x1b]0;t",
            b"\x1b[31m",
            b"\\u00",
            b"%25",
            b"\"",
        ])
        .prop_map(<[u8]>::to_vec)
        .boxed(),
        (250_usize..260).prop_map(|count| vec![b' '; count]).boxed(),
    ];
    for value in values {
        let value = value.clone();
        let encoder = || prop::sample::select(&Encoder::ALL[..]);
        let forms = (encoder(), prop::option::weighted(0.3, encoder())).prop_map(move |(first, second)| {
            let once = first.encode(&value);
            second.map_or_else(|| once.clone(), |second| second.encode(&once))
        });
        let dumps = (forms.clone(), prop::sample::select(&Dump::ALL[..])).prop_map(|(form, dump)| dump.of(&form));
        pieces.push(dumps.boxed());
        pieces.push(forms.clone().boxed());
        pieces.push(
            (forms.clone(), any::<prop::sample::Index>(), any::<prop::sample::Index>())
                .prop_map(|(form, from, to)| {
                    let (from, to) = (from.index(form.len() + 1), to.index(form.len() + 1));
                    form[from.min(to)..from.max(to)].to_vec()
                })
                .boxed(),
        );
        pieces.push(
            (forms, 2..40_usize).prop_map(|(form, times)| form.repeat(times.min(1 + 3000 / (form.len() + 1)))).boxed(),
        );
    }
    prop::collection::vec(prop::strategy::Union::new(pieces), 0..10).prop_map(|pieces| pieces.concat())
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    prop::collection::vec(value(), 1..5).prop_flat_map(|values| {
        let text = text(&values);
        let cuts = prop_oneof![prop::collection::vec(0..9_usize, 1..20), prop::collection::vec(0..300_usize, 1..20)];
        (Just(values), text, cuts).prop_map(|(values, text, cuts)| Case(values, text, cuts))
    })
}

pub(super) fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
