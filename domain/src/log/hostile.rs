//! Logs as somebody would write them who means harm: for the tests, and for what they cost to read
//! (`benches/logs.rs`).

use proptest::prelude::*;

/// A secret that is planted in them, and that the redactor knows.
pub(super) const SECRET: &str = "hunter2-very-secret";
/// A token that nobody told the redactor of.
const TOKEN: &str = "ghp_0123456789abcdefABCDEF0123456789abcd";

/// What of a log tells the secrets in it, as they are or encoded.
pub(super) fn leaked(shown: &str) -> Option<&'static str> {
    // The last two are what of its base64 is the same wherever it begins.
    let forms =
        [SECRET, "68756e746572322d766572792d736563726574", "aHVudGVyMi12ZXJ5LXNlY3JldA", "podW50ZXIyLXZlcnktc2VjcmV0"];
    forms.into_iter().chain([TOKEN]).find(|form| shown.contains(form))
}

/// Bytes of every kind, markers of every rule (these are their examples), what looks like the runner's own lines, and
/// secrets, in any order; some with the end of a line.
pub(super) fn hostile(examples: Vec<String>) -> impl Strategy<Value = Vec<u8>> {
    let commit = |example: String| format!("commit 0123456789abcdef0123456789abcdef01234567\n\n    {example}\n");
    let piece = prop_oneof![
        3 => any::<Vec<u8>>(),
        2 => "\\PC{0,60}".prop_map(String::into_bytes),
        2 => prop::sample::select(examples.clone()).prop_map(String::into_bytes),
        1 => prop::sample::select(examples).prop_map(move |example| commit(example).into_bytes()),
        2 => prop::sample::select(vec![
            "##[group]Run x", "##[endgroup]", "##[error]Process completed with exit code 1.", "\u{1b}[36;1m", "\u{1b}]",
            "\u{9b}", "Traceback (most recent call last):", "2026-11-26T20:15:00.1Z ", "-----BEGIN PRIVATE KEY-----", "\r",
            "\n", "\n\n", "[1/2 (50%) standard:", "\u{202e}", "⚠", "Parsed database configuration:", "Applying x.y...",
            "PK\u{3}\u{4}",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        2 => prop::sample::select(vec![
            SECRET.to_owned(), hex::encode(SECRET), "ZzpodW50ZXIyLXZlcnktc2VjcmV0Ow==".to_owned(), format!("\n{TOKEN}\n"),
            format!("postgres://u:{SECRET}@h/d"), format!("x{SECRET}x"), format!("PASSWORD={SECRET}"),
        ]).prop_map(String::into_bytes),
        1 => (b'a'..=b'z', 1_000..9_000_usize).prop_map(|(byte, times)| vec![byte; times]),
    ];
    prop::collection::vec((piece, any::<bool>()), 0..40).prop_map(|pieces| {
        pieces
            .into_iter()
            .flat_map(|(mut piece, ends)| {
                if ends {
                    piece.push(b'\n');
                }
                piece
            })
            .collect()
    })
}
