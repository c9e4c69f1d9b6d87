//! Webhooks of the App that GitHub could not deliver. It repeats none by itself, and tells of those of three days
//! (<https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook>).

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use signalbox_domain::{
    ids::{RepositoryName, RunId},
    ports::{Deliveries, ForgeError, Undelivered},
};

use super::{GithubForge, credentials::Speaker, path::Path};

/// Deliveries in a page, and the most pages that are read.
const PAGE: usize = 100;
const PAGES: usize = 10;
/// Events that say which run is worth reading.
const EVENTS: [&str; 2] = ["workflow_run", "workflow_job"];

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    id: Option<u64>,
    guid: Option<String>,
    event: Option<String>,
    delivered_at: Option<Timestamp>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Whole {
    request: Option<Request>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Request {
    payload: Option<Payload>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    repository: Option<Repository>,
    workflow_run: Option<Run>,
    workflow_job: Option<Job>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository {
    full_name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Run {
    id: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Job {
    run_id: Option<u64>,
}

#[async_trait]
impl Deliveries for GithubForge {
    async fn undelivered(&self, since: Timestamp) -> Result<Vec<Undelivered>, ForgeError> {
        let mut found: Vec<Undelivered> = vec![];
        // Reading those of a repository's own webhook takes a right that nobody should give a bot.
        if !self.api.is_app() {
            return Ok(found);
        }
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES {
            let path = Path::of(&["app", "hook", "deliveries"]).query("per_page", PAGE).query("status", "failure");
            let path = match &cursor {
                Some(cursor) => path.query("cursor", cursor),
                None => path,
            };
            let (items, headers) = self.api.read_with_headers::<Vec<Item>>(Speaker::Itself, &path).await?;
            // Newest first.
            let is_old = items.iter().any(|item| item.delivered_at.is_some_and(|at| at < since));
            let ours = |item: &Item| EVENTS.contains(&item.event.as_deref().unwrap_or_default());
            let recent = items.into_iter().filter(|item| ours(item) && item.delivered_at.is_some_and(|at| at >= since));
            found.extend(recent.filter_map(|item| Some(Undelivered { id: item.id?, guid: item.guid? })));
            let link = headers.get("link").and_then(|link| link.to_str().ok());
            cursor = link.and_then(next).filter(|_| !is_old);
            if cursor.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn told_of(&self, delivery: u64) -> Result<Option<(RepositoryName, RunId)>, ForgeError> {
        let path = Path::of(&["app", "hook", "deliveries", &delivery.to_string()]);
        let whole: Whole = self.api.read(Speaker::Itself, &path).await?;
        let payload = whole.request.and_then(|request| request.payload).unwrap_or_default();
        let run = payload.workflow_run.and_then(|run| run.id);
        let run = run.or(payload.workflow_job.and_then(|job| job.run_id));
        let name = payload.repository.and_then(|repository| repository.full_name);
        let name = name.and_then(|name| RepositoryName::parse(&name).ok());
        Ok(name.zip(run.map(RunId)))
    }
}

/// The cursor of the next page.
fn next(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let cursor = next.split_once("cursor=")?.1;
    let end = cursor.find(['&', '>']).unwrap_or(cursor.len());
    Some(cursor[..end].to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_next_page_is_found_in_its_header() {
        let link =
            "<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_123&status=failure>; rel=\"next\"";
        assert_eq!(super::next(link).as_deref(), Some("v1_123"));
        assert_eq!(super::next("<https://api.github.com/app?cursor=v1_1>; rel=\"prev\""), None);
    }
}
