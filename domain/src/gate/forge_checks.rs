//! How the checks stand that GitHub answers.

use std::collections::BTreeSet;

use super::{
    CheckState, CommitChecks, Named, Names, Parity, Previous, PullRequest, Reference, References, ReportedCheck,
    RequiredCheck, Sees, Status,
};
use crate::{
    deployment::{Deployment, State},
    ids::EnvironmentName,
    text::{clip, code, plain},
};

/// Most names that are listed in one line.
const LISTED: usize = 8;

/// The deployment that says what is live in an environment: the newest of `latest` that reached it.
#[must_use]
pub fn live(latest: &[Deployment]) -> Option<&Deployment> {
    latest.iter().find(|one| match &one.state {
        State::Refused { .. } | State::Expired { .. } | State::Waiting { .. } => false,
        State::Cancelled { .. } => one.run_ref.is_some(),
        _ => true,
    })
}

/// `descendant`: a newer commit that contains the deployment's will do.
pub(super) fn previous(found: &Previous, d: &Deployment, descendant: bool) -> (Status, String) {
    let Some(live) = live(&found.latest) else { return (Status::Fail, "nothing was deployed there yet".into()) };
    let short = live.commit.short();
    let mut which = format!("deployment {} of `{short}`", live.id);
    if live.commit != d.commit {
        match found.contains.filter(|_| descendant) {
            Some(true) => which.push_str(", which contains it"),
            Some(false) => return (Status::Fail, format!("it is at `{short}`, which does not contain it")),
            None if descendant => return (Status::Unknown, format!("whether `{short}` contains it is not known")),
            None if matches!(live.state, State::Succeeded { .. }) => {
                return (Status::Fail, format!("it is at `{short}`"));
            }
            None => return (Status::Fail, format!("{which} is {}", live.state.word())),
        }
    }
    match &live.state {
        State::Succeeded { .. } => (Status::Pass, which),
        State::Unverified { .. } => (Status::Unknown, format!("{which} could not be verified")),
        state if !state.is_over() => (Status::Waiting, format!("{which} is {}", state.word())),
        state => (Status::Fail, format!("{which} is {}", state.word())),
    }
}

/// Whether a name fits one of the patterns, of which a final `*` stands for any ending.
fn is_ignored(name: &str, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    })
}

/// How the names of an environment's secrets and variables differ from those of another one.
pub(crate) struct Difference<'f> {
    /// The other one.
    pub(crate) environment: &'f EnvironmentName,
    /// What it has not, without prefixes.
    pub(crate) lacks: BTreeSet<(Named, String)>,
    /// What it alone has, without prefixes.
    pub(crate) alone: BTreeSet<(Named, String)>,
}

/// How the environments that come next differ, in the names that count.
pub(crate) fn differences<'f>(found: &'f Parity, ignore: &[String], prefixes: &[String]) -> Vec<Difference<'f>> {
    let bare = |name: &str| {
        let longest = prefixes.iter().filter_map(|prefix| name.strip_prefix(prefix.as_str())).min_by_key(|n| n.len());
        longest.unwrap_or(name).to_owned()
    };
    let names = |names: &Names| -> BTreeSet<(Named, String)> {
        let both = [Named::Secret, Named::Variable];
        let all = both.into_iter().flat_map(|kind| names.of(kind).iter().map(move |name| (kind, name)));
        let kept = all.map(|(kind, name)| (kind, name, bare(name)));
        let kept = kept.filter(|(_, name, bare)| !is_ignored(name, ignore) && !is_ignored(bare, ignore));
        kept.map(|(kind, _, bare)| (kind, bare)).collect()
    };
    let here = names(&found.here);
    let differ = |(environment, there): (&'f EnvironmentName, &Names)| {
        let there = names(there);
        let lacks = here.difference(&there).cloned().collect();
        Difference { environment, lacks, alone: there.difference(&here).cloned().collect() }
    };
    found.next.iter().map(differ).collect()
}

pub(super) fn parity(found: &Parity, ignore: &[String], prefixes: &[String]) -> (Status, String) {
    let mut told = vec![];
    for Difference { environment, lacks, alone } in differences(found, ignore, prefixes) {
        for (how, names) in [("lacks", lacks), ("alone has", alone)] {
            let found = listed(names.iter().map(|(kind, name)| (*kind, name)));
            told.extend(found.map(|found| format!("`{environment}` {how} {found}")));
        }
    }
    match told.is_empty() {
        true => (Status::Pass, String::new()),
        false => (Status::Fail, told.join("; ")),
    }
}

/// "secret `A`, variable `B`, and 3 more".
fn listed<'a>(names: impl Iterator<Item = (Named, &'a String)>) -> Option<String> {
    let all: Vec<String> = names.map(|(kind, name)| format!("{} {}", kind.word(), code(&clip(name, 80)))).collect();
    let more = if all.len() > LISTED { format!(", and {} more", all.len() - LISTED) } else { String::new() };
    (!all.is_empty()).then(|| format!("{}{more}", all[..all.len().min(LISTED)].join(", ")))
}

/// What a workflow names that is not there where its job looks.
pub(crate) fn missing<'f>(found: &'f References, ignore: &[String]) -> BTreeSet<&'f Reference> {
    let there = |environment: &str, one: &Reference| {
        found.environments.get(&environment.to_lowercase()).is_some_and(|names| names.of(one.kind).contains(&one.name))
    };
    let is_missing = |one: &&Reference| {
        let own = match &one.sees {
            Sees::NoEnvironment => false,
            Sees::Environment(environment) => there(environment, one),
            Sees::Computed => found.ours.as_ref().is_some_and(|ours| there(ours, one)),
        };
        !own && !found.shared.of(one.kind).contains(&one.name) && !is_ignored(&one.name, ignore)
    };
    found.wanted.iter().filter(is_missing).collect()
}

pub(super) fn references(found: &References, ignore: &[String]) -> (Status, String) {
    let missing: BTreeSet<(Named, &String)> = missing(found, ignore).iter().map(|one| (one.kind, &one.name)).collect();
    if let Some(missing) = listed(missing.into_iter()) {
        return (Status::Fail, format!("missing where they are used: {missing}"));
    }
    if let Some(first) = found.unclear.first() {
        let more = found.unclear.len() - 1;
        let more = if more > 0 { format!(", and {more} more such uses") } else { String::new() };
        return (Status::Unknown, format!("{}{more}", plain(&clip(first, 200))));
    }
    let wanted = found.wanted.iter().filter(|one| !is_ignored(&one.name, ignore));
    let names: BTreeSet<_> = wanted.map(|one| (one.kind, &one.name)).collect();
    (Status::Pass, format!("all {} are there", names.len()))
}

/// `more`: checks that must be green though no branch requires them.
pub(super) fn required(found: &CommitChecks, more: &[String]) -> (Status, String) {
    let named = more.iter().map(|context| RequiredCheck { context: context.clone(), app: None });
    let required: BTreeSet<RequiredCheck> = found.required.iter().cloned().chain(named).collect();
    if required.is_empty() {
        return (Status::Unknown, "no check is required there".into());
    }
    let worst: Vec<(Status, String)> = required.iter().map(|check| check_stands(check, &found.reported)).collect();
    let status = worst.iter().map(|(status, _)| *status).max().unwrap_or(Status::Unknown);
    let open: Vec<&str> =
        worst.iter().filter(|(status, _)| *status != Status::Pass).map(|(_, says)| says.as_str()).collect();
    if open.is_empty() {
        return (Status::Pass, format!("all {} are green", required.len()));
    }
    let rest = if open.len() > LISTED { format!(", and {} more", open.len() - LISTED) } else { String::new() };
    (status, format!("{}{rest}", open[..open.len().min(LISTED)].join(", ")))
}

fn check_stands(check: &RequiredCheck, reported: &[ReportedCheck]) -> (Status, String) {
    let name = code(&clip(&check.context, 80));
    let of_name = || reported.iter().filter(|one| one.context == check.context);
    let by_right = |one: &&ReportedCheck| check.app.is_none() || one.app == check.app;
    let states = of_name().filter(by_right).map(|one| match &one.state {
        CheckState::Green => (Status::Pass, String::new()),
        CheckState::Running(word) => (Status::Waiting, format!("{name} is {}", plain(&clip(word, 40)))),
        CheckState::Red(word) => (Status::Fail, format!("{name} is {}", plain(&clip(word, 40)))),
    });
    // A check run and a status of one name are both required.
    states.max_by_key(|(status, _)| *status).unwrap_or_else(|| match of_name().next() {
        Some(_) => (Status::Fail, format!("{name} was reported by somebody else than the App that must")),
        None => (Status::Waiting, format!("{name} has not reported")),
    })
}

pub(super) fn pull_request(found: &[PullRequest], approvals: usize) -> (Status, String) {
    let logins = |logins: &BTreeSet<String>| logins.iter().map(|l| plain(&clip(l, 40))).collect::<Vec<_>>().join(", ");
    let stands = |pull: &PullRequest| {
        let number = pull.number;
        if !pull.wants_changes.is_empty() {
            return (Status::Waiting, format!("#{number}: {} asked for changes", logins(&pull.wants_changes)));
        }
        if pull.approved.len() >= approvals {
            return (Status::Pass, format!("#{number} approved by {}", logins(&pull.approved)));
        }
        let before = match pull.approved_before.is_empty() {
            true => String::new(),
            false => format!("; {} approved an earlier commit", logins(&pull.approved_before)),
        };
        (Status::Waiting, format!("#{number} has {} of {approvals} approvals{before}", pull.approved.len()))
    };
    let best = found.iter().map(stands).min_by_key(|(status, _)| *status);
    best.unwrap_or_else(|| (Status::Fail, "no pull request has this commit as its head or its merge".into()))
}
