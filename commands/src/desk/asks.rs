//! What people ask of the service.

use signalbox_domain::{
    fleet::Question,
    history::View,
    ids::{DeploymentId, InteractionId, MessageRef, Person, RoleId},
};

/// Who asks, as the chat vouches for it in the interaction itself.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The person.
    pub person: Person,
    /// The roles they hold right now.
    pub roles: Vec<RoleId>,
    /// The interaction that carries the question.
    pub interaction: InteractionId,
}

/// `/deploy`.
#[derive(Debug, Clone)]
pub struct DeployAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// Which branch or tag, as typed.
    pub git_ref: Option<String>,
    /// What to write on the card.
    pub note: Option<String>,
}

/// `/promote`.
#[derive(Debug, Clone)]
pub struct PromoteAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// What to write on the card.
    pub note: Option<String>,
}

/// A button that signs.
#[derive(Debug, Clone)]
pub struct SignAsk {
    /// Who, with the roles that Discord vouches for.
    pub asker: Asker,
    /// The message that the button is on; `None` when Discord does not say.
    pub at: Option<MessageRef>,
    /// Which deployment the button is for.
    pub deployment: DeploymentId,
    /// What for.
    pub category: String,
    /// The commit as typed, where a form asked for it.
    pub typed: Option<String>,
    /// What they have to say; as typed.
    pub comment: Option<String>,
}

/// A button that takes back what its presser signed with buttons.
#[derive(Debug, Clone)]
pub struct WithdrawAsk {
    /// Who.
    pub asker: Asker,
    /// The message that the button is on.
    pub at: MessageRef,
    /// Which deployment the button is for.
    pub deployment: DeploymentId,
}

/// Words about a signature that was given with a button.
#[derive(Debug, Clone)]
pub struct CommentAsk {
    /// Who.
    pub asker: Asker,
    /// On which deployment.
    pub deployment: DeploymentId,
    /// What they signed for.
    pub category: String,
    /// The words; as typed.
    pub comment: String,
}

/// The button for a migration that is blocked, and the one under its answer.
#[derive(Debug, Clone)]
pub struct UnblockAsk {
    /// Who.
    pub asker: Asker,
    /// Whose migration is blocked.
    pub deployment: DeploymentId,
    /// The process to end and when it began, once that was agreed to.
    pub session: Option<(i32, i64)>,
}

/// `/cancel`, and the button of that name.
#[derive(Debug, Clone)]
pub struct CancelAsk {
    /// Who.
    pub asker: Asker,
    /// Which deployment, as typed: `42` or `#42`.
    pub deployment: String,
}

/// `/schemas`, `/tenants`, `/tenant`, `/drift`, `/isolation` and `/ledger`.
#[derive(Debug, Clone)]
pub struct FleetAsk {
    /// Which environment, as typed.
    pub environment: String,
    /// What somebody wants to know.
    pub question: Question,
}

/// `/expect`.
#[derive(Debug, Clone)]
pub struct ExpectAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// Which schemas, as typed.
    pub schemas: String,
    /// For how long, as typed; as is usual when `None`.
    pub length: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// `/drift` with an object to blame somebody for.
#[derive(Debug, Clone)]
pub struct BlameAsk {
    /// Which environment, as typed.
    pub environment: String,
    /// A schema, a dot and the name of an object, as typed.
    pub object: String,
}

/// `/migrations`.
#[derive(Debug, Clone)]
pub struct MigrationsAsk {
    /// What somebody wants to know.
    pub view: View,
    /// Which environment, as typed.
    pub environment: Option<String>,
    /// From how many days.
    pub days: Option<u32>,
}

/// `/logs`.
#[derive(Debug, Clone)]
pub struct LogsAsk {
    /// Who.
    pub asker: Asker,
    /// Which deployment, as typed: `42` or `#42`.
    pub deployment: String,
    /// Which job, by its name or a part of it, as typed.
    pub job: Option<String>,
}

/// `/breakglass`.
#[derive(Debug, Clone)]
pub struct GlassAsk {
    /// Who.
    pub asker: Asker,
    /// Which deployment, as typed.
    pub deployment: String,
    /// What they do.
    pub act: GlassAct,
}

/// What somebody does about a gate that is to be gone past.
#[derive(Debug, Clone)]
pub enum GlassAct {
    /// They want it.
    Ask {
        /// Why.
        reason: String,
    },
    /// They agree.
    Confirm,
    /// They have looked after it.
    Close {
        /// What they found.
        note: String,
    },
}

/// `/link`.
#[derive(Debug, Clone)]
pub struct LinkAsk {
    /// Who.
    pub asker: Asker,
    /// Whether they may manage the server, as Discord vouches for it.
    pub manages: bool,
    /// What they want.
    pub what: Linking,
}

/// What somebody wants of who is who.
#[derive(Debug, Clone)]
pub enum Linking {
    /// To be this login.
    Ask {
        /// As typed.
        login: String,
    },
    /// That somebody is this login.
    Confirm {
        /// Who.
        person: Person,
        /// As typed.
        login: String,
    },
    /// That somebody is nobody any more.
    Remove {
        /// Who.
        person: Person,
    },
}

/// `/alerts ack`, `/alerts mute`, and the buttons of these names.
#[derive(Debug, Clone)]
pub struct AlertAsk {
    /// Who.
    pub asker: Asker,
    /// Which alert, as typed.
    pub alert: String,
    /// What they do.
    pub act: AlertAct,
}

/// What somebody does about an alert.
#[derive(Debug, Clone)]
pub enum AlertAct {
    /// They look after it.
    Acknowledge,
    /// They want nobody called for a while.
    Mute {
        /// Why.
        reason: String,
        /// For how long, as typed.
        length: Option<String>,
    },
}

/// `/incident`.
#[derive(Debug, Clone)]
pub struct IncidentAsk {
    /// Who.
    pub asker: Asker,
    /// What they do.
    pub act: IncidentAct,
}

/// What somebody does about an incident. Which one is as typed; the only open one when `None`.
#[derive(Debug, Clone)]
pub enum IncidentAct {
    /// They open one.
    Open {
        /// What is the matter.
        title: String,
        /// Where, as typed; everywhere when `None`.
        environment: Option<String>,
    },
    /// They write something down.
    Note {
        /// It.
        text: String,
        /// Of which.
        incident: Option<String>,
    },
    /// It is over.
    Close {
        /// Which.
        incident: Option<String>,
    },
}

/// `/subscribe`.
#[derive(Debug, Clone)]
pub struct SubscribeAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
    /// What they want to hear, as typed; the usual when `None`.
    pub kinds: Option<String>,
}

/// `/unsubscribe`.
#[derive(Debug, Clone)]
pub struct UnsubscribeAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
}

/// `/lock`, and `/freeze`, which locks everything.
#[derive(Debug, Clone)]
pub struct LockAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
    /// Why.
    pub reason: String,
    /// For how long, as typed; until somebody lifts it when `None`.
    pub length: Option<String>,
}

/// `/unlock`.
#[derive(Debug, Clone)]
pub struct UnlockAsk {
    /// Who.
    pub asker: Asker,
    /// An environment or `all`, as typed.
    pub reach: String,
}

/// `/why` and `/checklist`.
#[derive(Debug, Clone)]
pub struct WhyAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
}

/// `/gate simulate`.
#[derive(Debug, Clone)]
pub struct SimulateAsk {
    /// Who.
    pub asker: Asker,
    /// Which environment, as typed.
    pub environment: String,
    /// Which commit, branch or tag, as typed.
    pub commit: Option<String>,
    /// As whom it is pretended to be signed, as typed: roles by name or mention, a role once for each person.
    pub roles: Option<String>,
}
