//! What one person sees at one moment, gathered from all stand-ins.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::Desk;
use super::text::Names;
use crate::discord::{ChannelView, Id, MessageView, ThreadView, View};
use crate::fleet::Progress;
use crate::github;
use crate::world::Product;

/// What the address of the page asks for; whatever does not exist falls back to something that does.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    /// Id or name of a channel or thread.
    channel: Option<String>,
    /// Name of the person at the keyboard.
    #[serde(rename = "as")]
    me: Option<String>,
    /// GitHub environment of the right-hand column.
    environment: Option<String>,
}

/// Everything that is shown.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) discord: View,
    pub(super) github: github::View,
    pub(super) me: String,
    /// The channel or thread in the middle.
    pub(super) place: Id,
    pub(super) environments: Vec<Environment>,
    /// Index of the chosen one.
    chosen: usize,
    pub(super) tenants: Result<Vec<Progress>, String>,
}

/// One environment with the workflow that deploys it.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// GitHub's name for it.
    pub(super) name: String,
    /// The short name people use.
    pub(super) label: String,
    pub(super) repository: String,
    /// File and display name of its workflow.
    pub(super) file: String,
    pub(super) workflow: String,
    /// Script that its next run plays.
    pub(super) script: String,
    /// The branch whose commits it runs, as far as a branch is called like it.
    pub(super) branch: Option<String>,
    pub(super) host: Option<String>,
    pub(super) build: Option<String>,
}

impl Scene {
    pub(super) async fn gather(desk: &Desk, look: Look) -> Self {
        let (discord, github) = (desk.discord.view(), desk.github.view());
        let environments = environments(&github, &desk.product);
        let wanted = look.environment.as_deref();
        let named =
            environments.iter().position(|one| wanted.is_some_and(|name| one.name == name || one.label == name));
        // The stage before the last is where the usual story plays.
        let chosen = named.unwrap_or(environments.len().saturating_sub(2));
        let tenants = match environments.get(chosen).and_then(|one| desk.product.place(&one.name)) {
            Some(place) => place.fleet.progress().await.map_err(|error| error.to_string()),
            None => Err("This environment has no tenant database here.".to_owned()),
        };
        let me = me(&discord, look.me.as_deref());
        let place = place(&discord, look.channel.as_deref());
        Self { discord, github, me, place, environments, chosen, tenants }
    }

    pub(super) fn environment(&self) -> Option<&Environment> {
        self.environments.get(self.chosen)
    }

    /// The thread in the middle, if it is one.
    pub(super) fn thread(&self) -> Option<&ThreadView> {
        self.discord.threads.iter().find(|thread| thread.id == self.place)
    }

    /// The channel in the middle, or the one the thread in the middle belongs to.
    pub(super) fn channel(&self) -> Option<&ChannelView> {
        let id = self.thread().map_or(self.place, |thread| thread.parent);
        self.discord.channels.iter().find(|channel| channel.id == id)
    }

    /// The messages in the middle that this person may see.
    pub(super) fn messages(&self) -> Vec<&MessageView> {
        let all = match (self.thread(), self.channel()) {
            (Some(thread), _) => &thread.messages,
            (None, Some(channel)) => &channel.messages,
            (None, None) => return Vec::new(),
        };
        all.iter().filter(|message| self.sees(message)).collect()
    }

    /// Whether this person may see the message.
    pub(super) fn sees(&self, message: &MessageView) -> bool {
        message.only_for.as_ref().is_none_or(|only| *only == self.me)
    }

    /// The address of this page with another place in the middle.
    pub(super) fn link_to_place(&self, place: Id) -> String {
        format!("/?channel={place}{}", self.kept())
    }

    /// The address of this page with another environment on the right.
    pub(super) fn link_to_environment(&self, environment: &str) -> String {
        format!("/?channel={}&as={}&environment={}", self.place, encode(&self.me), encode(environment))
    }

    /// The rest of a query that keeps the person and the environment.
    fn kept(&self) -> String {
        let environment = self.environment().map_or("", |one| &one.name);
        format!("&as={}&environment={}", encode(&self.me), encode(environment))
    }

    /// Names for what messages mention by id.
    pub(super) fn names(&self) -> Names {
        let view = &self.discord;
        let people = view.members.iter().map(|member| (format!("@{}", member.id), format!("@{}", member.name)));
        let roles = view.roles.iter().map(|role| (format!("@&{}", role.id), format!("@{}", role.name)));
        let channels = view.channels.iter().map(|channel| (format!("#{}", channel.id), format!("#{}", channel.name)));
        let threads = view.threads.iter().map(|thread| (format!("#{}", thread.id), format!("#{}", thread.name)));
        let known = people.chain(roles).chain(channels).chain(threads).collect();
        Names { known, kept: self.kept() }
    }
}

/// The person asked for, else the first who has a role and so may do something.
fn me(view: &View, wanted: Option<&str>) -> String {
    let people = || view.members.iter().filter(|member| !member.bot);
    let named = people().find(|member| Some(member.name.as_str()) == wanted);
    let found = named.or_else(|| people().find(|member| !member.roles.is_empty())).or_else(|| people().next());
    found.map(|member| member.name.clone()).unwrap_or_default()
}

fn place(view: &View, wanted: Option<&str>) -> Id {
    let is = |id: Id, name: &str| wanted.is_some_and(|wanted| wanted == name || wanted == id.to_string());
    let channels = view.channels.iter().map(|channel| (channel.id, channel.name.as_str()));
    let threads = view.threads.iter().map(|thread| (thread.id, thread.name.as_str()));
    let first = view.channels.first().map_or(Id(0), |channel| channel.id);
    channels.chain(threads).find(|(id, name)| is(*id, name)).map_or(first, |(id, _)| id)
}

fn environments(view: &github::View, product: &Product) -> Vec<Environment> {
    let mut found = Vec::new();
    for repository in &view.repositories {
        for workflow in &repository.workflows {
            let host = product.place(&workflow.environment).map(|place| place.host);
            let label = host.as_deref().and_then(|host| host.split('.').next()).unwrap_or(&workflow.environment);
            found.push(Environment {
                name: workflow.environment.clone(),
                label: label.to_owned(),
                repository: repository.name.clone(),
                file: workflow.file.clone(),
                workflow: workflow.name.clone(),
                script: workflow.script.clone(),
                branch: workflow.push_branches.iter().find(|name| repository.branches.contains_key(*name)).cloned(),
                build: product.build(&workflow.environment),
                host,
            });
        }
    }
    found
}

/// The GitHub environment that a run deploys to.
pub(super) fn environment_of(view: &github::View, run: &github::RunView) -> Option<String> {
    let repository = view.repositories.iter().find(|one| one.name == run.repository)?;
    let workflow = repository.workflows.iter().find(|one| one.file == run.workflow)?;
    Some(workflow.environment.clone())
}

/// A value for the query of an address.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
