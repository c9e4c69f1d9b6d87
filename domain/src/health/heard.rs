//! What an application answered, or what came instead of an answer.

use std::net::IpAddr;

use jiff::Timestamp;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It answered.
    Reply(Reply),
    /// It did not.
    Nothing(Silence),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its HTTP status.
    pub status: u16,
    /// How long it took until then, redirects and connecting included, in milliseconds.
    pub took: u32,
    /// Where a redirect leads that was not followed.
    pub location: Option<String>,
    /// The header that bears the commit, where one was asked for and given.
    pub commit: Option<String>,
    /// Its body, as far as it is text.
    pub body: Result<String, BadBody>,
    /// When the certificate ends with which it came.
    pub certificate_ends: Option<Timestamp>,
}

/// Why a body was not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBody {
    /// It is longer than this many bytes.
    TooLong(usize),
    /// It had not ended after this many seconds.
    Endless(u64),
    /// The connection broke.
    Broken,
}

impl BadBody {
    /// What is the matter with it.
    #[must_use]
    pub fn says(self) -> String {
        match self {
            Self::TooLong(bytes) => format!("it is longer than {} KiB and was cut", bytes / 1024),
            Self::Endless(seconds) => format!("it did not end within {seconds} s and was cut"),
            Self::Broken => "the connection broke".into(),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// What was to be asked is no address of HTTP.
    NoUrl(String),
    /// The name service does not know the name, or did not answer.
    NoName {
        /// The name.
        host: String,
        /// The name service's words.
        why: String,
    },
    /// The name leads to an address that is not asked.
    Forbidden {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
        /// What kind of address that is.
        kind: &'static str,
        /// Whether an environment could allow it.
        may_be_allowed: bool,
        /// Whether a redirect led there.
        redirected: bool,
    },
    /// Nothing listens there.
    NoConnection {
        /// The operating system's words.
        why: String,
    },
    /// It does not prove who it is.
    Certificate(BadCertificate),
    /// It speaks no TLS, or none that we do.
    NoTls(String),
    /// It took longer than this many seconds.
    TooSlow {
        /// The limit.
        seconds: u64,
        /// What was waited for.
        waiting_for: &'static str,
    },
    /// It redirects again and again.
    TooManyRedirects {
        /// How many were followed.
        followed: u8,
        /// Where the next one leads.
        to: String,
    },
    /// What came is no HTTP, or the connection broke.
    Broken(String),
}

/// Why a certificate proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadCertificate {
    /// It ended.
    Expired(Option<Timestamp>),
    /// It is not valid yet.
    NotYet(Option<Timestamp>),
    /// It vouches for itself.
    SelfSigned,
    /// Whoever vouches for it is not trusted.
    UnknownIssuer,
    /// It is for another name.
    OtherName(String),
    /// Something else.
    Other(String),
}

impl BadCertificate {
    /// What is the matter with it.
    #[must_use]
    pub fn says(&self) -> String {
        let day = |at: &Option<Timestamp>, word: &str| {
            at.map_or_else(String::new, |at| format!("{word} {}", at.strftime("%Y-%m-%d")))
        };
        match self {
            Self::Expired(at) => format!("its certificate has expired{}", day(at, " on")),
            Self::NotYet(at) => format!("its certificate is not valid yet{}", day(at, ": it begins on")),
            Self::SelfSigned => "its certificate is self-signed: nobody vouches for it".into(),
            Self::UnknownIssuer => {
                "its certificate is from an authority that is not trusted; `ca_file` names one".into()
            }
            Self::OtherName(host) => format!("its certificate is for another name than {host}"),
            Self::Other(why) => format!("its certificate was not taken: {why}"),
        }
    }
}

impl Silence {
    /// One sentence that says it; plain text.
    #[must_use]
    pub fn says(&self) -> String {
        match self {
            Self::NoUrl(url) => format!("{url} is no address of HTTP"),
            Self::NoName { host, why } => format!("the name service does not know {host}: {why}"),
            Self::Forbidden { host, address, kind, may_be_allowed, redirected } => {
                let how = if *redirected { "it redirects to" } else { "it is at" };
                let name = if *host == address.to_string() { String::new() } else { format!("{host}, which is ") };
                let way = if *may_be_allowed { "; `allow_private = true` allows it" } else { "" };
                format!("not asked: {how} {name}{address} ({kind}){way}")
            }
            Self::NoConnection { why } => format!("no connection: {why}"),
            Self::Certificate(bad) => bad.says(),
            Self::NoTls(why) => format!("no TLS: {why}"),
            Self::TooSlow { seconds, waiting_for } => format!("no {waiting_for} within {seconds} s"),
            Self::TooManyRedirects { followed, to } => format!("redirects again after {followed} redirects, to {to}"),
            Self::Broken(why) => format!("no answer: {why}"),
        }
    }
}
