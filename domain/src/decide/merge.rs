//! From the one merge of a promotion to the run that its push starts. GitHub merges the cleared head or nothing, and
//! whether it did can always be asked: so after a lost answer the pull request is looked at, and when it is open
//! still, the gate is asked again.

use jiff::{SignedDuration, Timestamp};

use super::Step;
use crate::{
    deployment::{Lost, State},
    effect::Effect,
    ids::CommitSha,
    promotion::MergeAnswer,
    refusal::Refusal,
};

/// A merge whose answer was lost has arrived by now, or never will.
const ARRIVED: SignedDuration = SignedDuration::from_mins(1);
/// How long the run of a merge is looked for. GitHub has delayed runs by an hour.
const SEARCH: SignedDuration = SignedDuration::from_hours(1);

impl Step<'_> {
    pub(super) fn base_moved(&mut self, to: &CommitSha) {
        let Some(merge) = self.d.merge() else { return };
        let refusal = Refusal::ref_changed(&self.d.git_ref, &merge.base, to, &self.d.again());
        self.refuse_unsent(refusal, format!("the branch that is merged into moved to {to}"));
    }

    pub(super) fn pull_closed(&mut self, merged_by: Option<&str>) {
        let Some(merge) = self.d.merge() else { return };
        let refusal = Refusal::pull_closed(merge, merged_by, &self.d);
        let detail = match merged_by {
            Some(login) => format!("pull request {} was merged at GitHub by {login}, past this gate", merge.number),
            None => format!("pull request {} was closed at GitHub", merge.number),
        };
        self.refuse_unsent(refusal, detail);
    }

    pub(super) fn merged(&mut self, answer: MergeAnswer) {
        let (since, tries) = match self.d.state {
            State::Dispatching { sent: Some(since), tries, .. } => (since, tries),
            State::Unknown { since, .. } => (since, 0),
            _ => return,
        };
        let Some(merge) = self.d.merge() else { return };
        let number = merge.number;
        match answer {
            MergeAnswer::Merged { commit } => self.wait_for_run(number, commit),
            MergeAnswer::Unclear { why } => self.lose_merge(since, why),
            MergeAnswer::NotSent { why } => self.try_again(tries, super::dispatch::backoff(tries), why),
            MergeAnswer::RateLimited { until } => self.limited(tries, until),
            MergeAnswer::HeadMoved => {
                let refusal = Refusal::head_moved(merge, &self.d);
                self.refuse(refusal, format!("the head of pull request {number} moved before it was merged (409)"));
            }
            MergeAnswer::NotMergeable { message } => {
                let refusal = Refusal::not_mergeable(merge, &message, &self.d);
                self.refuse(refusal, format!("GitHub does not merge pull request {number} (405): {message}"));
            }
            MergeAnswer::Rejected { status, message } => {
                let refusal = Refusal::merge_rejected(merge, status, &message, &self.d);
                self.refuse(refusal, format!("GitHub rejected the merge of pull request {number}: {status} {message}"));
            }
        }
    }

    fn wait_for_run(&mut self, number: u64, commit: CommitSha) {
        self.record("github", "merged", format!("pull request {number} is merged as {commit}"));
        let search_until = self.now.saturating_add(SEARCH).unwrap_or(self.now);
        self.d.state = State::Merged { since: self.now, search_until };
        self.d.cleared = self.d.cleared.take().map(|cleared| cleared.merged_as(&commit));
        self.d.commit = commit;
        self.d.trouble = None;
        self.tell("merged", crate::card::headline(&self.d, self.environment));
        self.after(SignedDuration::from_secs(1), Effect::Locate { deployment: self.d.id });
        self.show();
    }

    fn lose_merge(&mut self, since: Timestamp, why: String) {
        self.record("signalbox", "unknown", format!("the answer to the merge was lost: {why}"));
        let search_until = since.saturating_add(ARRIVED).unwrap_or(since);
        self.d.state = State::Unknown { since, why: Lost::NoAnswer { why }, search_until };
        self.after(SignedDuration::from_secs(1), Effect::Locate { deployment: self.d.id });
        self.show();
    }

    pub(super) fn not_merged(&mut self) {
        let State::Unknown { search_until, .. } = self.d.state else { return };
        if self.d.merge().is_none() {
            return;
        }
        self.d.trouble = None;
        if self.now < search_until {
            return self.search_on();
        }
        self.record("signalbox", "not merged", "the pull request is open still; the gate is asked again".into());
        if self.d.cancel.is_some() {
            let reason = "it was cancelled before it was merged".to_owned();
            return self.end(State::Cancelled { at: self.now, reason: reason.clone() }, reason);
        }
        self.d.cleared = None;
        let until = self.d.requested_at.saturating_add(self.environment.gate.wait).unwrap_or(self.now);
        self.d.state = State::Waiting { since: self.now, until, verdict: None };
        self.soon(Effect::Dispatch { deployment: self.d.id });
        self.show();
    }
}
