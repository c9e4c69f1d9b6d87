//! What keeps the pull request of a promotion from being merged. GitHub asks the same once more when it merges.

use super::{Facts, Line, Status};
use crate::{
    deployment::Deployment,
    environment::Environment,
    promotion::{Merge, Pull},
    text::{code, plain},
};

/// How the pull request stands; nothing where none is merged.
pub(super) fn line(d: &Deployment, e: &Environment, facts: &Facts) -> Option<Line> {
    let merge = d.merge()?;
    let title = format!("[#{}](<{}>) can be merged", merge.number, merge.url);
    let read = facts.pull.as_ref().map(|read| read.fresh(facts.now, e.gate.evidence_life));
    let Some(read) = read else { return Some(Line::new(title, Status::Unknown, "it has not been read yet")) };
    Some(match read {
        Err(why) => Line::new(title, Status::Unknown, why).mend("Signalbox", "it is read again by itself"),
        Ok(pull) => match standing(merge, pull) {
            None => Line::new(title, Status::Pass, ""),
            Some((status, why, who, command)) => Line::new(title, status, why).mend(who, command),
        },
    })
}

type Standing = (Status, String, &'static str, String);

/// `None`: nothing keeps it.
fn standing(merge: &Merge, pull: &Pull) -> Option<Standing> {
    let page = format!("<{}>", merge.url);
    let writer = "whoever may write to the repository";
    let again = "it goes on by itself";
    if pull.head != merge.head {
        let why = format!("its head is `{}` by now, and `{}` was asked for", pull.head.short(), merge.head.short());
        return Some((Status::Fail, why, "whoever asked", "ask again".into()));
    }
    if !pull.open {
        return Some((Status::Fail, "it is closed".into(), writer, format!("reopen {page}")));
    }
    if pull.draft {
        return Some((Status::Fail, "it is a draft".into(), writer, format!("mark it ready on {page}")));
    }
    match (pull.mergeable, pull.state.as_str()) {
        (Some(false), _) | (_, "dirty") => {
            let why = "it conflicts with the branch that it goes into";
            let command = format!("merge that branch into {}, push, then ask again", code(merge.from.as_str()));
            Some((Status::Fail, why.into(), writer, command))
        }
        (_, "blocked") => {
            let why = "required checks or reviews are missing";
            Some((Status::Waiting, why.into(), "the checks, or its reviewers", format!("review {page}; {again}")))
        }
        (_, "behind") => {
            let why = "the branch that it goes into requires it to be up to date";
            let command = format!("update {} from it, then ask again", code(merge.from.as_str()));
            Some((Status::Fail, why.into(), writer, command))
        }
        (_, "unstable") => {
            let why = "a check is at work or has failed";
            Some((Status::Waiting, why.into(), "the checks", format!("look at {page}; {again}")))
        }
        (Some(true), "clean" | "has_hooks") => None,
        (None, _) | (_, "unknown") => {
            Some((Status::Waiting, "GitHub is finding out whether it can".into(), "GitHub", again.into()))
        }
        (_, other) => {
            Some((Status::Unknown, format!("GitHub says {}", plain(other)), writer, format!("look at {page}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        decide::tests::{at, requested, sha, uat},
        gate::{Fingerprint, Read, evaluate},
        git_ref::GitRef,
        promotion::{MergeMethod, Start},
    };

    fn promoted() -> Deployment {
        let merge = Merge {
            number: 101,
            url: "https://github.com/acme/shop/pull/101".into(),
            from: GitRef::parse("development").unwrap(),
            head: sha('a'),
            base: sha('b'),
            method: MergeMethod::Merge,
            risks: vec![],
            commits: 1,
        };
        Deployment { start: Start::Merge(merge), ..requested(&uat()) }
    }

    fn pull(state: &str) -> Pull {
        Pull {
            number: 101,
            url: String::new(),
            head: sha('a'),
            open: true,
            draft: false,
            mergeable: Some(true),
            state: state.into(),
            merged: None,
            merged_by: None,
            body: String::new(),
        }
    }

    /// The status and the sentence of the pull request's line, and whether the gate opens.
    fn told(found: Option<Result<Pull, String>>) -> (Status, String, bool) {
        let facts = Facts::unlocked(at(0), Fingerprint::of(&sha('a')));
        let facts = Facts { pull: found.map(|found| Read { at: at(0), found }), ..facts };
        let judged = evaluate(&promoted(), &uat(), &facts);
        let line = judged.verdict.lines.into_iter().find(|line| line.rule.contains("#101")).unwrap();
        (line.status, line.why, judged.clearance.is_some())
    }

    #[test]
    fn only_what_github_would_merge_is_cleared() {
        for state in ["clean", "has_hooks"] {
            assert_eq!(told(Some(Ok(pull(state)))), (Status::Pass, String::new(), true), "{state}");
        }
        for (pull, status, says) in [
            (pull("unstable"), Status::Waiting, "a check is at work"),
            (pull("blocked"), Status::Waiting, "required checks or reviews"),
            (pull("behind"), Status::Fail, "up to date"),
            (pull("dirty"), Status::Fail, "conflicts"),
            (pull("unknown"), Status::Waiting, "finding out"),
            (pull("levitating"), Status::Unknown, "levitating"),
            (Pull { mergeable: None, ..pull("clean") }, Status::Waiting, "finding out"),
            (Pull { mergeable: Some(false), ..pull("clean") }, Status::Fail, "conflicts"),
            (Pull { draft: true, ..pull("clean") }, Status::Fail, "draft"),
            (Pull { open: false, ..pull("clean") }, Status::Fail, "closed"),
            (Pull { head: sha('c'), ..pull("clean") }, Status::Fail, "its head is"),
        ] {
            let (found, why, cleared) = told(Some(Ok(pull.clone())));
            assert!(found == status && why.contains(says) && !cleared, "{pull:?}: {found:?} {why}");
        }
        let (status, why, cleared) = told(Some(Err("GitHub is down".into())));
        assert!(status == Status::Unknown && why.contains("GitHub is down") && !cleared);
        assert_eq!(told(None).0, Status::Unknown, "what was not read clears nothing");
    }
}
