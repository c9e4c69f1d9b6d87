//! What can happen to a deployment. Reports of effects are events like any other.

use jiff::Timestamp;

use crate::{
    card::Posted,
    decide::Signing,
    evidence::Evidence,
    gate::{Clearance, Fingerprint, Reaction, Roles, Verdict},
    history::Expected,
    hold::RuleOutcome,
    ids::{ChannelId, CommitSha, Person, PersonId, RunId},
    log::JobLog,
    migration::{Learnt, Session, Sight},
    promotion::MergeAnswer,
    run::{Job, Run},
    truth::Truth,
};

/// How GitHub answered the one dispatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DispatchAnswer {
    /// It started this run.
    Started {
        /// The run.
        run: RunId,
    },
    /// It took the dispatch and named no run.
    Accepted,
    /// The request never left us.
    NotSent {
        /// Why.
        why: String,
    },
    /// Too many requests; nothing was started.
    RateLimited {
        /// When it may be tried again.
        until: Timestamp,
    },
    /// It said no for good; nothing was started.
    Rejected {
        /// HTTP status.
        status: u16,
        /// GitHub's words.
        message: String,
    },
    /// It may or may not have started a run.
    Unclear {
        /// What happened instead of an answer.
        why: String,
    },
}

/// How GitHub answered a request to cancel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelAnswer {
    /// It will stop the run.
    Accepted,
    /// The run was over already.
    AlreadyOver,
    /// It did not.
    Refused {
        /// GitHub's words.
        why: String,
    },
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The gate was judged and is closed.
    Judged(Verdict),
    /// The gate is open and the one dispatch is about to be let go. Committed before a byte is sent.
    DispatchBegun {
        /// The proof.
        clearance: Clearance,
        /// Its explanation.
        verdict: Verdict,
    },
    /// A run of ours, or one that is followed, waits for our word.
    Held {
        /// The environment at GitHub whose protection rule asks; `None`: a step of the run asks.
        rule: Option<String>,
        /// The jobs that wait.
        jobs: Vec<u64>,
    },
    /// GitHub's protection rule asks no more.
    Released,
    /// The environment, which another deployment held, is free.
    Freed,
    /// The gate is open for a run that waits for our word. Committed before GitHub is told.
    PassBegun {
        /// The proof.
        clearance: Clearance,
        /// Its explanation.
        verdict: Verdict,
    },
    /// GitHub took the answer to its protection rule, or not.
    RuleAnswered(RuleOutcome),
    /// GitHub took a report.
    Reported {
        /// The open points that it named.
        open: String,
    },
    /// Just before the dispatch the ref pointed elsewhere.
    RefMoved {
        /// Where it points now.
        to: CommitSha,
    },
    /// Just before the dispatch the ref was gone.
    RefGone,
    /// Just before the merge the branch that is merged into pointed elsewhere.
    BaseMoved {
        /// Where it points now.
        to: CommitSha,
    },
    /// Just before the merge the pull request was closed already.
    PullClosed {
        /// Who merged it, if it was merged; a login.
        merged_by: Option<String>,
    },
    /// GitHub answered the merge, or said later that it is done.
    Merged(MergeAnswer),
    /// The answer to the merge was lost, and the pull request was found open still.
    NotMerged,
    /// GitHub answered the dispatch.
    Dispatched(DispatchAnswer),
    /// A run of ours was read.
    Observed {
        /// The run.
        run: Run,
        /// Its jobs.
        jobs: Vec<Job>,
        /// A newer run of the same workflow and branch, looked for when this one was cancelled.
        superseded_by: Option<RunId>,
    },
    /// No run could be ours.
    NotFound,
    /// Several runs could be ours.
    Ambiguous {
        /// They.
        candidates: Vec<RunId>,
    },
    /// GitHub could not be asked.
    GithubSilent {
        /// Why; plain text.
        why: String,
        /// When it may be asked again, if it said so.
        until: Option<Timestamp>,
    },
    /// Somebody wants it stopped.
    CancelAsked {
        /// Who.
        by: Person,
    },
    /// Somebody wants it past its gate.
    GlassAsked {
        /// Who.
        by: Person,
        /// Why; as typed.
        reason: String,
    },
    /// A second person, whose role was looked at, agrees.
    GlassConfirmed {
        /// Who.
        by: Person,
    },
    /// Somebody looked after it.
    GlassClosed {
        /// Who.
        by: Person,
        /// What they found; as typed.
        note: String,
    },
    /// GitHub answered that.
    CancelAnswered(CancelAnswer),
    /// Events about its run that GitHub could not deliver were made up for.
    Recovered {
        /// How many.
        events: u32,
    },
    /// The world was asked.
    Verified(Evidence),
    /// The log of a job was read, or given up.
    LogRead(JobLog),
    /// A migration was looked at.
    Sighted {
        /// What the database showed, or why it did not answer.
        sight: Result<Box<Sight>, String>,
        /// What earlier migrations took, when that was looked up.
        learnt: Option<Learnt>,
    },
    /// Every tenant was read after the migration job.
    Audited(Box<Truth>),
    /// Somebody had a session of the tenant database ended.
    SessionEnded {
        /// Who.
        by: Person,
        /// Which.
        session: Session,
    },
    /// Its migration takes longer than is usual.
    Slow {
        /// The job.
        job: u64,
        /// By what measure.
        expected: Expected,
    },
    /// The card was posted.
    CardPosted(Posted),
    /// Somebody deleted the card.
    CardGone,
    /// The thread under the card is there.
    ThreadOpened(ChannelId),
    /// Somebody took a reaction on the card back. It may stand again by now, and then signs anew.
    ReactionRemoved {
        /// Who.
        by: PersonId,
        /// Which emoji.
        emoji: String,
    },
    /// Somebody signed with a button.
    Signed {
        /// Who, and what for.
        signing: Signing,
        /// What it is given for.
        fingerprint: Fingerprint,
    },
    /// Somebody takes back what they signed with buttons.
    Withdrawn {
        /// Who.
        by: Person,
    },
    /// Somebody has something to say about what they signed with a button.
    Commented {
        /// Who.
        by: Person,
        /// What they signed for.
        category: String,
        /// It; as typed.
        comment: String,
    },
    /// The reactions on the card, read whole from the chat.
    ReactionsRead {
        /// They.
        reactions: Vec<Reaction>,
        /// The roles of those who sign. What somebody means who is not in it is decided at another reading.
        roles: Roles,
        /// What a signature is given for right now; `None` when that could not be read, so nobody signs.
        fingerprint: Option<Fingerprint>,
    },
}
