//! `/incident`: notes of a trouble, and the post-mortem at its end.

use signalbox_commands::desk::{IncidentAct, IncidentAsk};
use signalbox_domain::{
    SignedDuration, Timestamp,
    card::Calls,
    effect::{Due, Effect, Entry},
    fleet::File,
    ids::{ChannelId, RoleId},
    incident::{Incident, Witnessed, post_mortem},
    notice::Recipient,
    permit::works_at,
    ports::{Query, Rows, StoreError, WhichAlerts},
    refusal::Refusal,
    text::{is_blank, plain},
};

use super::{
    Engine, PATIENCE,
    desk::{ServiceDesk, fault},
};

/// How many closed ones a list shows.
const LATEST: u32 = 5;
/// How long before it was opened an incident may have begun.
const BEFORE: SignedDuration = SignedDuration::from_hours(24);

impl ServiceDesk {
    pub(super) async fn latest_incidents(&self) -> Result<(Vec<Incident>, Timestamp), Refusal> {
        let incidents = self.engine.ports.incidents.incidents(LATEST).await.map_err(fault)?;
        Ok((incidents, self.engine.ports.clock.now()))
    }

    pub(super) async fn try_keep_incident(&self, ask: IncidentAsk) -> Result<Incident, Refusal> {
        let by = ask.asker.person;
        match ask.act {
            IncidentAct::Open { title, environment } => {
                if is_blank(&title) {
                    let example = "`/incident open title:\"login is down\"`";
                    return Err(Refusal::nothing_written("An incident takes a title", example));
                }
                let environment = match environment {
                    Some(name) => Some(self.environment("incident open", name.trim())?.name.clone()),
                    None => None,
                };
                let (incident, entry) = Incident::open(&title, environment, by, self.engine.ports.clock.now());
                self.may_keep(&incident, &ask.asker.roles)?;
                self.engine.record_incident(incident, entry, None).await.map_err(fault)
            }
            IncidentAct::Note { text, incident } => {
                for _ in 0..PATIENCE {
                    let found = self.open_incident("note", incident.as_deref(), &ask.asker.roles).await?;
                    if is_blank(&text) {
                        let example = format!("`/incident note text:\"rolled back\" incident:{}`", found.id);
                        return Err(Refusal::nothing_written("A note takes a text", example));
                    }
                    let (noted, entry) = found.noted(&text, by.clone(), self.engine.ports.clock.now());
                    match self.engine.record_incident(noted, entry, None).await {
                        Err(StoreError::Overtaken) => tokio::task::yield_now().await,
                        other => return other.map_err(fault),
                    }
                }
                Err(fault(StoreError::Overtaken))
            }
            IncidentAct::Close { incident } => {
                for _ in 0..PATIENCE {
                    let found = self.open_incident("close", incident.as_deref(), &ask.asker.roles).await?;
                    let (closed, entry) = found.closed(by.clone(), self.engine.ports.clock.now());
                    let file = self.engine.post_mortem(&closed, &entry).await.map_err(fault)?;
                    match self.engine.record_incident(closed, entry, Some(file)).await {
                        Err(StoreError::Overtaken) => tokio::task::yield_now().await,
                        other => return other.map_err(fault),
                    }
                }
                Err(fault(StoreError::Overtaken))
            }
        }
    }

    /// The one that is meant: the one of this number, or the only one.
    async fn open_incident(&self, verb: &str, given: Option<&str>, held: &[RoleId]) -> Result<Incident, Refusal> {
        let mut open = self.engine.ports.incidents.incidents(0).await.map_err(fault)?;
        if let Some(given) = given {
            let number = given.trim().trim_start_matches('#');
            open.retain(|incident| incident.id.to_string() == number);
        } else if open.len() > 1 {
            return Err(Refusal::which_incident(&open, verb));
        }
        let incident = open.pop().ok_or_else(|| Refusal::no_such_incident(given))?;
        self.may_keep(&incident, held)?;
        Ok(incident)
    }

    fn may_keep(&self, incident: &Incident, held: &[RoleId]) -> Result<(), Refusal> {
        let works = works_at(&self.engine.line, incident.environment.as_ref(), held);
        works.then_some(()).ok_or_else(|| Refusal::may_not_keep_incidents(&incident.place()))
    }
}

impl Engine {
    /// Records it, and has the channel hear of its beginning and its end.
    async fn record_incident(
        &self,
        incident: Incident,
        entry: Entry,
        file: Option<File>,
    ) -> Result<Incident, StoreError> {
        let (at, channel) = (entry.at, self.channel_of(&incident));
        let is_new = incident.notes.is_empty() && incident.closed.is_none();
        let plan = move |incident: &Incident| {
            let title = plain(&incident.opened.text);
            let (id, place) = (incident.id, incident.place());
            let effect = match (&file, &incident.closed) {
                (Some(file), Some((by, _))) => Effect::Handout {
                    channel,
                    matter: format!("incident {id} closed"),
                    text: format!(
                        "✅ Incident **{id}** of {place} is closed by <@{}> after {}: {title}\nThe post-mortem is \
                         beside this; its last part is to be filled in.",
                        by.id,
                        incident.lasted(at)
                    ),
                    file: file.clone(),
                },
                _ if is_new => Effect::Deliver {
                    to: Recipient::Channel(channel),
                    matter: format!("incident {id} opened"),
                    text: format!(
                        "🚨 Incident **{id}** of {place}, opened by <@{}>: {title}\n`/incident note` writes down what \
                         is seen and done; `/incident close` ends it.",
                        incident.opened.by.id
                    ),
                    calls: Calls::default(),
                },
                _ => return vec![],
            };
            vec![Due { effect, at }]
        };
        let recorded = self.ports.incidents.record_incident(incident, entry, &plan).await?;
        self.wake.notify_one();
        Ok(recorded)
    }

    fn channel_of(&self, incident: &Incident) -> ChannelId {
        let environment = incident.environment.as_ref().and_then(|name| self.line.get(name));
        environment.map_or(self.routing.home, |environment| environment.channel)
    }

    /// What was seen while it lasted, as a file. `last` is the audit line of its end, which is not recorded yet.
    async fn post_mortem(&self, incident: &Incident, last: &Entry) -> Result<File, StoreError> {
        let from = incident.opened.at.saturating_sub(BEFORE).unwrap_or(incident.opened.at);
        let until = last.at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(last.at);
        let rows = self.ports.trail.rows(Rows::Between(from, until)).await?;
        let mut entries: Vec<Entry> = rows.iter().filter_map(|row| row.entry().cloned()).collect();
        entries.push(last.clone());
        let seen = Witnessed {
            alerts: self.ports.alerts.alerts(WhichAlerts::Since(from)).await?,
            deployments: self.ports.store.find(Query::Since(from)).await?,
            entries,
        };
        let content = post_mortem(incident, &seen, last.at);
        Ok(File { name: format!("incident-{}.md", incident.id), content })
    }
}
