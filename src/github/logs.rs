//! Logs of jobs. GitHub answers with the address of another host, good for a minute; that host gets no credentials.

use std::time::Duration;

use http::{StatusCode, header};
use reqwest::{Client, redirect::Policy};
use serde::Deserialize;
use signalbox_domain::{ids::RepositoryName, log::Reader, ports::ForgeError};
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;

use super::{
    LogLimits,
    api::{Api, refused, unreadable},
    credentials::Speaker,
    path::Path,
};

/// Longest silence while a log comes in.
const SILENCE: Duration = Duration::from_secs(15);

/// What fetches logs from where GitHub keeps them. It follows nothing and unpacks nothing, so what is large is large
/// before it arrives.
pub(super) struct Fetcher {
    client: Client,
    limits: LogLimits,
}

impl Fetcher {
    pub(super) fn new(limits: LogLimits) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .user_agent(concat!("signalbox/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(SILENCE)
            .build()?;
        Ok(Self { client, limits })
    }

    /// Streams what an address has into a reader.
    async fn fetch(&self, address: Url, reader: &mut Reader) -> Result<(), ForgeError> {
        let until = Instant::now() + self.limits.time;
        let sent = timeout(SILENCE, self.client.get(address).header(header::ACCEPT_ENCODING, "identity").send()).await;
        let lost = |why: String| ForgeError::Unavailable(format!("the log did not come: {why}"));
        let mut answer = match sent {
            Ok(Ok(answer)) => answer,
            // The address in the error is a secret for a minute.
            Ok(Err(error)) => return Err(lost(error.without_url().to_string())),
            Err(_) => return Err(lost("no answer".into())),
        };
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(ForgeError::NotFound("the log is gone".into())),
            status => return Err(lost(format!("{status} from where GitHub keeps logs"))),
        }
        if answer.headers().contains_key(header::CONTENT_ENCODING) {
            return Err(lost("it is packed, which nobody asked for".into()));
        }
        let mut left = self.limits.bytes;
        loop {
            let next = timeout_at(until.min(Instant::now() + SILENCE), answer.chunk()).await;
            let chunk = match next {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => {
                    reader.breaks_off(format!("it broke off: {}", error.without_url()));
                    return Ok(());
                }
                Err(_) => {
                    reader.breaks_off("it came too slowly, so its end was not read");
                    return Ok(());
                }
            };
            let taken = chunk.len().min(left);
            reader.push(&chunk[..taken]);
            left -= taken;
            if taken < chunk.len() {
                let megabytes = self.limits.bytes / (1024 * 1024);
                reader.breaks_off(format!("it is longer than {megabytes} MiB, so its end was not read"));
                return Ok(());
            }
        }
    }
}

/// What GitHub reports of a job beside its log.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotation {
    annotation_level: Option<String>,
    message: Option<String>,
}

/// Most annotations that are read; GitHub keeps ten of a step.
const ANNOTATIONS: usize = 50;

/// Reads the log of a job. One that does not say how a job failed is not all there is: when a runner is lost, its log
/// ends in the middle or never comes, and GitHub says what happened in an annotation.
pub(super) async fn read(
    api: &Api,
    fetcher: &Fetcher,
    repository: &RepositoryName,
    job: u64,
    reader: &mut Reader,
) -> Result<(), ForgeError> {
    let read = log(api, fetcher, repository, job, reader).await;
    if reader.says_how_it_ended() || matches!(read, Err(ForgeError::RateLimited { .. })) {
        return read;
    }
    // Who may not see them is told what the log says, as before.
    let reported = annotations(api, repository, job).await.unwrap_or_default();
    let mut is_lost = false;
    for message in reported {
        is_lost |= reader.reported(&message);
    }
    match read {
        // Of any other failure the log comes some seconds after its job.
        Err(ForgeError::NotFound(_)) if is_lost => {
            reader.breaks_off("GitHub never got it");
            Ok(())
        }
        read => read,
    }
}

/// The failures among the annotations of a job's check run, which has the job's number
/// (<https://docs.github.com/en/rest/checks/runs#list-check-run-annotations>).
async fn annotations(api: &Api, repository: &RepositoryName, job: u64) -> Result<Vec<String>, ForgeError> {
    let path = Path::repository(repository, &["check-runs", &job.to_string(), "annotations"]);
    let all = api.list::<Vec<Annotation>>(Speaker::Look(repository), &path, ANNOTATIONS, 1).await?;
    let failures = all.into_iter().filter(|one| one.annotation_level.as_deref() == Some("failure"));
    Ok(failures.filter_map(|one| one.message).collect())
}

/// Reads the log alone
/// (<https://docs.github.com/en/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run>).
async fn log(
    api: &Api,
    fetcher: &Fetcher,
    repository: &RepositoryName,
    job: u64,
    reader: &mut Reader,
) -> Result<(), ForgeError> {
    let path = Path::repository(repository, &["actions", "jobs", &job.to_string(), "logs"]);
    let answer = api.get(Speaker::Work(repository), &path).await?;
    match answer.status {
        StatusCode::FOUND => {}
        StatusCode::GONE => {
            reader.breaks_off("GitHub keeps it no longer");
            return Ok(());
        }
        _ => return Err(refused(&answer, &path)),
    }
    let address = answer.header("location").and_then(|address| Url::parse(address).ok());
    let address = address.filter(|address| api.may_be_asked(address));
    fetcher.fetch(address.ok_or_else(|| unreadable(&path, "it names no address of a log"))?, reader).await
}
