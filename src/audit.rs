//! `signalbox audit`: verifies the audit trail, hands out parts of it, and proves what it says of a deployment.
//! It opens the store for reading only: evidence is not changed by being looked at.

mod options;
mod pdf;

use std::{
    error::Error as _,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use signalbox_domain::{
    Timestamp,
    audit::{Bound, Checked, Fault, File, FileError, Head, Known, Verifier},
    ids::DeploymentId,
    ports::{Clock, Rows, StoreError, Trail},
};

use crate::{
    clock::SystemClock,
    config::Problems,
    engine::{ProofError, proof},
    store::{OpenError, SqlStore},
};

pub use self::options::{AFTER_HELP, Question};
use self::options::{ExportArguments, Format, VerifyArguments};

/// The trail, the file or the record is not what was written.
const DAMAGED: u8 = 1;
/// There is no answer.
const NO_ANSWER: u8 = 2;
/// How many rows are read at a time.
const PAGE: u32 = 1_000;

/// Where the store is, asked for only when it is needed: a file is verified without any.
pub type Place<'a> = &'a dyn Fn() -> anyhow::Result<crate::config::Store>;

/// Why there is no answer, or a bad one.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the audit trail is damaged: {0}")]
    Trail(Fault),
    #[error("a row of the audit trail is damaged: {0}")]
    Row(String),
    #[error("{name} is damaged: {why}")]
    File { name: String, why: FileError },
    #[error("deployment {0} cannot be proven: {1}")]
    Unproven(DeploymentId, FileError),
    #[error("nothing can be said: {0}")]
    OutOfReach(Fault),
    #[error("{name} cannot be read: {why}")]
    Unreadable { name: String, why: String },
    #[error("there is no deployment {0}; `/status` lists them")]
    NoDeployment(DeploymentId),
    #[error("the store could not be read: {0}")]
    Store(String),
    #[error("{0}")]
    Config(#[from] Problems),
    #[error("{0:#}")]
    Place(anyhow::Error),
    #[error("{0:#}; `--config` or SIGNALBOX_STORE names another one")]
    Open(anyhow::Error),
    #[error("the answer cannot be written: {0}")]
    Output(#[from] io::Error),
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Trail(_) | Self::Row(_) | Self::File { .. } | Self::Unproven(..) => DAMAGED,
            _ => NO_ANSWER,
        }
    }

    fn advice(&self) -> Option<&'static str> {
        matches!(self, Self::Trail(_) | Self::Row(_) | Self::Unproven(..)).then_some(
            "What to do: stop Signalbox and keep a copy of the store before anything else. A backup or an export from \
             before tells what the row said, and `signalbox audit verify --head`, with each line of the channel for \
             the audit trail, tells since when it is so: docs/audit.md, When it is damaged.",
        )
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::OutOfReach { .. } => Self::OutOfReach(fault),
            fault => Self::Trail(fault),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        match error {
            StoreError::Corrupt(_) => Self::Row(cause),
            StoreError::Unavailable(_) | StoreError::Conflict(_) | StoreError::Overtaken => Self::Store(cause),
        }
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::Open(error.into())
    }
}

/// Answers the question on standard output. What is wrong is said on standard error.
pub async fn run(question: &Question, place: Place<'_>) -> ExitCode {
    // Two TLS users in the tree agree on one provider. Somebody else having chosen before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answer = match question {
        Question::Verify(VerifyArguments { file: Some(file), head, .. }) => {
            verify_file(file, head).map(String::into_bytes)
        }
        Question::Verify(VerifyArguments { file: None, head, heads }) => match known(head, heads.as_deref()) {
            Ok(known) => verify_store(place, &known).await.map(String::into_bytes),
            Err(failure) => Err(failure),
        },
        Question::Export(arguments) => export(arguments, place).await,
        Question::Prove { deployment } => prove(DeploymentId(*deployment), place).await.map(String::into_bytes),
    };
    match answer.and_then(|bytes| write(&bytes)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("signalbox: {failure}");
            if let Some(advice) = failure.advice() {
                eprintln!("{advice}");
            }
            ExitCode::from(failure.code())
        }
    }
}

async fn opened(place: Place<'_>) -> Result<SqlStore, Failure> {
    Ok(SqlStore::look(&place().map_err(Failure::Place)?).await?)
}

/// What is known of the trail from elsewhere, a file among it in which each line ends with a row.
fn known(given: &[Known], file: Option<&Path>) -> Result<Vec<Known>, Failure> {
    let mut known = given.to_vec();
    let Some(file) = file else { return Ok(known) };
    let unreadable = |why: String| Failure::Unreadable { name: file.display().to_string(), why };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
    for (n, line) in text.lines().enumerate() {
        if let Some(head) = line.split_whitespace().last() {
            known.push(head.parse().map_err(|error| unreadable(format!("line {}: {error}", n + 1)))?);
        }
    }
    if known.is_empty() {
        return Err(unreadable("there is no row in it".into()));
    }
    Ok(known)
}

async fn verify_store(place: Place<'_>, known: &[Known]) -> Result<String, Failure> {
    let store = opened(place).await?;
    let checked = whole(&store, known).await;
    store.close().await;
    let head = checked?;
    let agrees = match known.len() {
        0 => {
            "By itself this shows that the trail is consistent, not that it is the one that was written: give `--head` \
             the newest line of the channel for the audit trail, or `--heads` the file that `[audit] file` names."
                .to_owned()
        }
        1 => "It agrees with the head that was given.".to_owned(),
        count => format!("It agrees with all {count} heads that were given."),
    };
    Ok(format!("The audit trail is whole: {}, the last is\n{head}\n{agrees}\n", rows(head.seq)))
}

/// Verifies all rows. The last one is read first: what is appended meanwhile only comes after it.
async fn whole(store: &SqlStore, known: &[Known]) -> Result<Head, Failure> {
    let known: Vec<Known> = [Known::Head(store.head().await?)].into_iter().chain(known.iter().copied()).collect();
    let mut verifier = Verifier::new(Head::START, &known);
    let mut after = 0;
    loop {
        let page = store.rows(Rows::After(after, PAGE)).await?;
        for row in &page {
            verifier.take(row)?;
        }
        match page.last() {
            Some(row) => after = row.seq,
            None => return Ok(verifier.end()?),
        }
    }
}

fn verify_file(path: &Path, known: &[Known]) -> Result<String, Failure> {
    let name = path.display().to_string();
    let unreadable = |why: &dyn std::fmt::Display| Failure::Unreadable { name: name.clone(), why: why.to_string() };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(&error))?;
    let file = File::read(&text).map_err(|error| unreadable(&error))?;
    let Checked { head, rows: count, sealed, record } = file.check(known).map_err(|why| match why {
        FileError::Fault(fault @ Fault::OutOfReach { .. }) => Failure::OutOfReach(fault),
        why => Failure::File { name: name.clone(), why },
    })?;
    let mut text = format!("{name} is whole: {} about {}", rows(count as i64), file.about);
    if sealed > 0 {
        text.push_str(&format!(", {sealed} of them sealed"));
    }
    text.push_str(&match record {
        None => String::new(),
        Some(Bound::To(seq)) => format!(".\nIts record is the one that row {seq} vouches for"),
        Some(Bound::MovedOn(seq)) => {
            format!(
                ".\nThe deployment was still at work: its record has moved on since row {seq} and is not vouched for"
            )
        }
        Some(Bound::Not) => ".\nNo row vouches for its record: it is older than the chain".to_owned(),
    });
    let agrees = match known {
        [] => {
            "Compare it with what was posted in the channel for the audit trail: the file by itself is only consistent."
        }
        _ => "It agrees with the head that was given.",
    };
    Ok(format!("{text}.\nThe last row is\n{head}\n{agrees}\n"))
}

async fn export(arguments: &ExportArguments, place: Place<'_>) -> Result<Vec<u8>, Failure> {
    let now = SystemClock.now();
    let (since, until) = (arguments.since.unwrap_or(Timestamp::UNIX_EPOCH), arguments.until.unwrap_or(now));
    let store = opened(place).await?;
    let found = store.rows(Rows::Between(since, until)).await;
    store.close().await;
    let found = found?;
    let before = found.first().map_or(Head::START, |row| Head { seq: row.seq - 1, hash: row.previous });
    let file = File::stretch(format!("{since} to {until}"), before, found, now);
    file.check(&[]).map_err(|error| match error {
        FileError::Fault(fault) => Failure::from(fault),
        error => Failure::Row(error.to_string()),
    })?;
    Ok(match arguments.format {
        Format::Markdown => file.markdown().into_bytes(),
        Format::Pdf => pdf::pdf(&file).ok_or_else(|| io::Error::other("its font cannot be read"))?,
        Format::Csv => file.csv().into_bytes(),
        Format::Json => file.json().into_bytes(),
    })
}

async fn prove(id: DeploymentId, place: Place<'_>) -> Result<String, Failure> {
    let store = opened(place).await?;
    let proven = proof(&store, id, SystemClock.now()).await;
    store.close().await;
    match proven {
        Ok((file, _)) => Ok(file.json()),
        Err(ProofError::Nothing(id)) => Err(Failure::NoDeployment(id)),
        Err(ProofError::Store(error)) => Err(error.into()),
        Err(ProofError::Damaged(why)) => Err(Failure::Unproven(id, why)),
    }
}

fn rows(count: i64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{count} rows") }
}

/// A reader that went away, such as `head`, has seen what it wanted.
fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
