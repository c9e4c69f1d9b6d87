//! Secrets and customers' data are taken out of every line before anybody sees it. GitHub masks only a secret as a
//! whole, so what is left of one after a failed parse, or in another encoding, has to be found here.

use std::{borrow::Cow, collections::BTreeSet, sync::LazyLock};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD_NO_PAD},
};
use regex::{Captures, Regex, RegexBuilder, RegexSet};

use crate::text::percent_encoded;

/// A secret shorter than this would blank out half of any log.
const SHORTEST: usize = 6;
/// What stands for a secret.
pub(super) const HIDDEN: &str = "***";
/// Longest run of hexadecimal digits that may be a hash, and stays.
const LONGEST_HASH: usize = 128;
/// Base64 from here on is hidden unless it is a hash or a path.
const LONG: usize = 60;
/// Base64 from here on is looked into.
const SHORT: usize = 16;

/// What is replaced by what. Order matters: what needs its neighbours comes first.
const FORMS: [(&str, &str); 15] = [
    // A URL's user and password. Raw `@` and `/` in a password are common, so up to the last `@` of the word.
    (r#"(?-u:\b)([a-zA-Z][a-zA-Z0-9+.\-]{1,30}://)[^\s"'<>`]*@"#, "$1***@"),
    // What a naive parse leaves of such a URL: PostgreSQL quotes the tail of the password as host or database.
    (r#"(?i)((?-u:\b)(?:host name|host|database|value|role|user|server at) ["'])[^"']*@"#, "$1***@"),
    (r#"(?i)((?-u:\b)(?:host|db_?host|name|db_?name|database|user|db_?user|port)\s*[:=]\s*['"]?)[^\s'"]*@"#, "$1***@"),
    // Tokens by their form: GitHub (all prefixes, also the long stateless ones), Discord, JWT, Slack, AWS and others.
    (r"(?-u:\b)gh[a-z]_[A-Za-z0-9_.\-]{10,}", HIDDEN),
    (r"(?-u:\b)github_pat_[A-Za-z0-9_]{10,}", HIDDEN),
    (r"(?-u:\b)v1\.[0-9a-f]{40}(?-u:\b)", HIDDEN),
    (r"(?-u:\b)eyJ[A-Za-z0-9_\-]{6,}\.[A-Za-z0-9_\-]{6,}(?:\.[A-Za-z0-9_\-]*)?", HIDDEN),
    (r"(?-u:\b)[A-Za-z0-9_\-]{23,28}\.[A-Za-z0-9_\-]{6,7}\.[A-Za-z0-9_\-]{27,}", HIDDEN),
    (r"(?i)(discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/|hooks\.slack\.com/services/)[\w/\-]+", "$1***"),
    (
        r"(?-u:\b)(?:xox[a-z]-[\w\-]{8,}|sk_live_\w{8,}|glpat-[\w\-]{12,}|dop_v1_[0-9a-f]{16,}|AKIA[0-9A-Z]{12,})",
        HIDDEN,
    ),
    // Keys, in one line.
    (r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*?(?:-----END [A-Z0-9 ]*-----|$)", HIDDEN),
    // Whatever is called a secret: `PGPASSWORD=…`, `"api_key": "…"`, `Authorization: Basic …`.
    (
        r#"(?i)((?:passw(?:or)?d|passwd|pwd|secret|token|api_?key|private_?key|authorization|credential)[a-z0-9_\-]*["']?\s*(?:=|:|=>)\s*)("[^"]*"|'[^']*'|(?:(?:basic|bearer|token)\s+)?[^\s,;&"']+)"#,
        "$1***",
    ),
    (r"(?i)(--?(?:password|passwd|token|secret|api-?key)\s+)\S+", "$1***"),
    // Rows of customers, which PostgreSQL quotes.
    (r"(?i)((?-u:\b)Key \([^)]*\)=\().*(\) (?:is |already |conflicts ))", "$1***$2"),
    (r"(?i)((?-u:\b)Failing row contains \().*", "$1***)"),
];

/// The forms, compiled once.
struct Forms {
    each: Vec<(Regex, &'static str)>,
    /// Whether any of them is there: in most lines there is none.
    any: RegexSet,
    /// A run of characters that base64 has.
    word: Option<Regex>,
}

static COMPILED: LazyLock<Forms> = LazyLock::new(|| Forms {
    each: FORMS.iter().filter_map(|(form, put)| Some((Regex::new(form).ok()?, *put))).collect(),
    any: RegexSet::new(FORMS.map(|(form, _)| form)).unwrap_or_default(),
    word: Regex::new(r"[A-Za-z0-9+/_\-]{16,}={0,2}").ok(),
});

/// Takes secrets out of lines.
pub struct Redactor {
    known: Option<Regex>,
    lenient: GeneralPurpose,
    url_safe: GeneralPurpose,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new([])
    }
}

impl Redactor {
    /// A redactor that knows these secrets besides every form that it knows anyway. Those of less than 6 characters
    /// are not looked for.
    #[must_use]
    pub fn new<'a>(known: impl IntoIterator<Item = &'a str>) -> Self {
        let config = GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true);
        Self {
            known: known_in_all_forms(known),
            lenient: GeneralPurpose::new(&alphabet::STANDARD, config),
            url_safe: GeneralPurpose::new(&alphabet::URL_SAFE, config),
        }
    }

    /// A line without secrets.
    #[must_use]
    pub fn line(&self, text: &str) -> String {
        let open = self.open(text);
        match &COMPILED.word {
            Some(word) => word.replace_all(&open, |found: &Captures<'_>| self.word(&found[0])).into_owned(),
            None => open,
        }
    }

    /// Takes out what can be read as it stands.
    fn open(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        if let Some(known) = &self.known {
            text = Cow::Owned(known.replace_all(&text, HIDDEN).into_owned());
        }
        let forms = if COMPILED.any.is_match(&text) { COMPILED.each.as_slice() } else { &[] };
        for (form, put) in forms {
            if let Cow::Owned(changed) = form.replace_all(&text, *put) {
                text = Cow::Owned(changed);
            }
        }
        text.into_owned()
    }

    /// A run of characters that base64 has: hidden when a secret is in it, or when it is so long that it may be one.
    fn word(&self, word: &str) -> String {
        let is_hash = word.len() <= LONGEST_HASH && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
        let mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit);
        let is_path = word.bytes().filter(|byte| *byte == b'/').count() * 12 > word.len();
        if !is_hash && (word.len() >= LONG && mixed && !is_path || self.hides_a_secret(word)) {
            return HIDDEN.to_owned();
        }
        word.to_owned()
    }

    fn hides_a_secret(&self, word: &str) -> bool {
        if word.len() < SHORT {
            return false;
        }
        [&self.lenient, &self.url_safe].into_iter().any(|engine| {
            let text = engine.decode(word).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            text.is_some_and(|text| self.open(&text) != text)
        })
    }
}

/// Any of these secrets, as it is, percent-encoded, in hexadecimal, and in base64 wherever it begins within it.
fn known_in_all_forms<'a>(known: impl IntoIterator<Item = &'a str>) -> Option<Regex> {
    let mut forms = BTreeSet::new();
    for secret in known.into_iter().map(str::trim).filter(|secret| secret.chars().count() >= SHORTEST) {
        forms.insert(secret.to_owned());
        forms.insert(percent_encoded(secret));
        forms.insert(hex::encode(secret));
        forms.insert(hex::encode_upper(secret));
        for standard in in_base64(secret) {
            forms.insert(standard.replace('+', "-").replace('/', "_"));
            forms.insert(standard);
        }
        // A key of several lines is printed line by line.
        forms.extend(secret.lines().map(str::trim).filter(|line| line.len() >= 16).map(str::to_owned));
    }
    let mut forms: Vec<String> = forms.into_iter().filter(|form| form.len() >= SHORTEST).collect();
    // The longest first, so that nothing of it is left behind a shorter one.
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let any = forms.iter().map(|form| regex::escape(form)).collect::<Vec<_>>().join("|");
    // However many there are: without it they would all be shown.
    if any.is_empty() { None } else { RegexBuilder::new(&any).size_limit(usize::MAX).build().ok() }
}

/// What of a secret's base64 does not depend on its neighbours, for each of the three places it may begin at.
fn in_base64(secret: &str) -> Vec<String> {
    let at = |offset: usize| {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(secret.as_bytes());
        let whole = bytes.len() / 3 * 4;
        let encoded = STANDARD_NO_PAD.encode(&bytes);
        encoded[[0, 2, 3][offset]..whole].to_owned()
    };
    (0..3).map(at).filter(|form| form.len() >= SHORTEST).collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_compiles() {
        assert_eq!((COMPILED.each.len(), COMPILED.any.len()), (FORMS.len(), FORMS.len()));
        assert!(COMPILED.word.is_some());
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden_and_the_rest_stays() {
        let hide = |line: &str| Redactor::default().line(line);
        for (line, shown) in [
            ("token ghp_0123456789abcdefABCDEF0123456789abcd end", "token *** end"),
            ("ghs_12345_eyJhbGciOi.eyJpc3MiOiI.sig-nature_x!", "***!"),
            ("github_pat_11AAAAAAA0aaaaaaaaaaaa_bbbbbbbbbb", "***"),
            ("Bot MTE5ODYyMjQ4MzQ3MTkyNTI0OA.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs", "Bot ***"),
            ("https://discord.com/api/webhooks/42/abcDEF-x", "https://discord.com/api/webhooks/42/***"),
            ("postgresql://saas:p@ss/w:rd@db.example.com:5432/shop", "postgresql://***@db.example.com:5432/shop"),
            ("git clone https://x-access-token:abc@github.com/a/b", "git clone https://***@github.com/a/b"),
            (
                "could not translate host name \"ss@127.0.0.1\" to address",
                "could not translate host name \"***@127.0.0.1\" to address",
            ),
            (
                "FATAL:  database \"ss@127.0.0.1:5432/saas\" does not exist",
                "FATAL:  database \"***@127.0.0.1:5432/saas\" does not exist",
            ),
            ("  Host: ss@127.0.0.1", "  Host: ***@127.0.0.1"),
            ("PGPASSWORD=hunter2 psql -h db", "PGPASSWORD=*** psql -h db"),
            ("{\"api_key\": \"abc def\", \"n\": 1}", "{\"api_key\": ***, \"n\": 1}"),
            ("Authorization: Basic eC1hY2Nlc3M=", "Authorization: ***"),
            ("mysql --password hunter2", "mysql --password ***"),
            ("DETAIL:  Key (email)=(dup@x) is duplicated.", "DETAIL:  Key (email)=(***) is duplicated."),
            ("DETAIL:  Failing row contains (1, Ann, null).", "DETAIL:  Failing row contains (***)"),
            ("key: -----BEGIN RSA PRIVATE KEY-----\\nMIIE\\n-----END RSA PRIVATE KEY----- ok", "key: *** ok"),
            // What must stay.
            (
                "FATAL:  password authentication failed for user \"saas\"",
                "FATAL:  password authentication failed for user \"saas\"",
            ),
            ("commit 0123456789abcdef0123456789abcdef01234567", "commit 0123456789abcdef0123456789abcdef01234567"),
            ("relation \"support_macro\" already exists", "relation \"support_macro\" already exists"),
            (
                "[1/51 (1%) standard:t0001]   Applying catalog.0002_product_active_barcode... OK",
                "[1/51 (1%) standard:t0001]   Applying catalog.0002_product_active_barcode... OK",
            ),
        ] {
            assert_eq!(hide(line), shown);
        }
    }

    #[test]
    fn a_thousand_secrets_are_hidden_as_well_as_one() {
        let secrets: Vec<String> =
            (0..1_000).map(|n| hex::encode(format!("secret number {n} of a large installation"))).collect();
        let redactor = Redactor::new(secrets.iter().map(String::as_str));
        assert_eq!(redactor.line(&format!("a {} b", secrets[999])), "a *** b");
    }

    #[test]
    fn base64_is_looked_into() {
        let token = "ghp_0123456789abcdefABCDEF0123456789abcd";
        let redactor = Redactor::default();
        for encoded in [STANDARD.encode(token), URL_SAFE.encode(format!("x-access-token:{token}"))] {
            assert_eq!(redactor.line(&format!("a {encoded} b")), "a *** b");
        }
    }

    proptest! {
        #[test]
        fn a_known_secret_never_shows_in_any_encoding(
            secret in "[a-zA-Z0-9/+@:%$!._-]{8,40}", before in "[a-z]{0,7}", after in "[a-z]{0,7}", around in "[a-z :]{0,9}",
        ) {
            let redactor = Redactor::new([secret.as_str()]);
            let inner = format!("{before}{secret}{after}");
            let url_safe = URL_SAFE.encode(&inner);
            let standard = STANDARD.encode(&inner);
            for line in [&inner, &standard, &url_safe, &hex::encode(&secret), &percent_encoded(&secret)] {
                let shown = redactor.line(&format!("{around}{line}{around}"));
                prop_assert!(!shown.contains(&secret), "{}", shown);
                prop_assert!(!shown.contains(line.as_str()), "{}", shown);
            }
        }

        #[test]
        fn any_text_can_be_redacted(text in "\\PC{0,200}") {
            let _ = Redactor::new(["hunter22"]).line(&text);
        }
    }
}
