//! What a promotion's pull request says: what changes, by whom, and what is worth a look.

use std::fmt::Write;

use super::{Changes, Promotion, Story};
use crate::{
    ids::EnvironmentName,
    text::{clip, code},
};

/// Most commits that are listed.
const MOST_COMMITS: usize = 100;
/// Most files that are named in one line.
const MOST_FILES: usize = 8;
/// What stands around the part of a description that is ours to renew.
const BEGIN: &str = "<!-- signalbox: changes -->";
const END: &str = "<!-- /signalbox -->";

/// The title, with the environments put in.
#[must_use]
pub fn title(promotion: &Promotion, from: &EnvironmentName, to: &EnvironmentName) -> String {
    clip(&promotion.title.replace("{from}", from.as_str()).replace("{to}", to.as_str()), 250)
}

type OfPath = fn(&str) -> bool;

/// What may be worth a look in a change, as plain sentences. Only paths are looked at.
#[must_use]
pub fn risks(changes: &Changes) -> Vec<String> {
    let kinds: [(&str, OfPath); 4] = [
        ("migrations", is_migration),
        ("workflow files", |path| path.starts_with(".github/workflows/") || path.starts_with(".github/actions/")),
        ("settings", is_settings),
        ("dependency locks", is_lock),
    ];
    let mut risks = vec![];
    for (what, fits) in kinds {
        let hits: Vec<&str> = changes.files.iter().map(String::as_str).filter(|path| fits(path)).collect();
        if !hits.is_empty() {
            let more = hits.len().saturating_sub(MOST_FILES);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named = hits.iter().take(MOST_FILES).copied().collect::<Vec<_>>().join(", ");
            risks.push(format!("{what}: {named}{more}"));
        }
    }
    if changes.files.len() >= 300 {
        risks.push("more files changed than GitHub lists, so there may be more to look at".into());
    }
    risks
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_migration(path: &str) -> bool {
    path.split('/').any(|part| part == "migrations") && name(path).ends_with(".py") && name(path) != "__init__.py"
        || name(path).ends_with(".sql")
}

fn is_settings(path: &str) -> bool {
    let inside = path.split('/').any(|part| matches!(part, "settings" | "config"));
    let name = name(path).to_ascii_lowercase();
    inside
        || name.contains("settings")
        || name.starts_with(".env")
        || name.starts_with("dockerfile")
        || name.starts_with("docker-compose")
        || name.starts_with("compose.")
}

fn is_lock(path: &str) -> bool {
    let name = name(path);
    let named = ["requirements.txt", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "uv.lock", "poetry.lock"];
    named.contains(&name)
        || matches!(name, "Pipfile.lock" | "Cargo.lock" | "go.sum" | "composer.lock")
        || path.contains("requirements") && name.ends_with(".txt")
}

/// The description: what changes since what is live. Names and subjects are shown as they are and ping nobody.
#[must_use]
pub fn body(story: &Story<'_>) -> String {
    let Story { from, to, live, head, changes } = story;
    let mut text = format!("{BEGIN}\nPromotes `{from}` at `{head}` to `{to}`.\n\n");
    let since = match live {
        Some(live) => format!("since `{}`, which is live there", live.short()),
        None => format!("since the branch of `{to}`; what is live there is not known"),
    };
    let _ = writeln!(text, "### Changes {since}\n");
    for one in changes.commits.iter().rev().take(MOST_COMMITS) {
        let (subject, author) = (shown(&clip(&one.subject, 160)), shown(&clip(&one.author, 60)));
        let _ = writeln!(text, "- {} {subject} by {author}", one.commit.as_str());
    }
    let rest = (changes.total as usize).saturating_sub(changes.commits.len().min(MOST_COMMITS));
    if rest > 0 {
        let _ = writeln!(text, "- and {rest} more");
    }
    let _ = writeln!(text, "\n### Worth a look\n");
    let risks = risks(changes);
    for risk in &risks {
        let (what, paths) = risk.split_once(": ").unwrap_or((risk, ""));
        let paths = if paths.is_empty() { String::new() } else { format!(": {}", shown(paths)) };
        let _ = writeln!(text, "- ⚠️ {what}{paths}");
    }
    if risks.is_empty() {
        let _ = writeln!(text, "Neither migrations nor workflow files, settings or dependency locks are touched.");
    }
    if changes.behind > 0 {
        let commits = if changes.behind == 1 { "1 commit".into() } else { format!("{} commits", changes.behind) };
        let _ = writeln!(text, "\n`{to}` has {commits} that `{from}` lacks; the merge keeps what is in there.");
    }
    text.push_str(END);
    text
}

/// Text from outside that could not be taken for one of our marks.
fn shown(text: &str) -> String {
    code(&text.replace("<!--", "<! --"))
}

/// A description that somebody else wrote, with our part renewed or added at its end.
#[must_use]
pub fn with_changes(written: &str, body: &str) -> String {
    let place = written.find(BEGIN).and_then(|begin| Some((begin, begin + written[begin..].find(END)? + END.len())));
    match place {
        Some((begin, end)) => format!("{}{body}{}", &written[..begin], &written[end..]),
        None if written.trim().is_empty() => body.to_owned(),
        None => format!("{}\n\n{body}", written.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{decide::tests::sha, promotion::ChangedBy};

    fn changes() -> Changes {
        let commit = |digit, author: &str, subject: &str| ChangedBy {
            commit: sha(digit),
            author: author.into(),
            subject: subject.into(),
        };
        let files = [
            "shop/orders/migrations/0007_index.py",
            "shop/orders/migrations/__init__.py",
            ".github/workflows/13-prod-deployment.yml",
            "shop/settings/base.py",
            "requirements/prod.txt",
            "requirements.txt",
            "shop/orders/views.py",
        ];
        Changes {
            commits: vec![commit('b', "dana", "Index `orders` @everyone (#118)"), commit('c', "kim", "Speed up")],
            total: 2,
            behind: 1,
            files: files.map(str::to_owned).into(),
        }
    }

    #[test]
    fn a_description_says_who_changed_what_and_pings_nobody() {
        let (from, to) = (EnvironmentName::parse("uat").unwrap(), EnvironmentName::parse("prod").unwrap());
        let changes = changes();
        let story = Story { from: &from, to: &to, live: Some(&sha('a')), head: &sha('c'), changes: &changes };
        insta::assert_snapshot!(body(&story), @r"
        <!-- signalbox: changes -->
        Promotes `uat` at `cccccccccccccccccccccccccccccccccccccccc` to `prod`.

        ### Changes since `aaaaaaa`, which is live there

        - cccccccccccccccccccccccccccccccccccccccc `Speed up` by `kim`
        - bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb `` Index `orders` @everyone (#118) `` by `dana`

        ### Worth a look

        - ⚠️ migrations: `shop/orders/migrations/0007_index.py`
        - ⚠️ workflow files: `.github/workflows/13-prod-deployment.yml`
        - ⚠️ settings: `shop/settings/base.py`
        - ⚠️ dependency locks: `requirements/prod.txt, requirements.txt`

        `prod` has 1 commit that `uat` lacks; the merge keeps what is in there.
        <!-- /signalbox -->
        ");
    }

    #[test]
    fn our_part_is_renewed_and_the_rest_is_left_alone() {
        let ours = |what: &str| format!("{BEGIN}\n{what}\n{END}");
        let first = with_changes("Written by hand.\n", &ours("one"));
        assert_eq!(first, format!("Written by hand.\n\n{}", ours("one")));
        let signed = format!("{first}\nSigned-off.");
        assert_eq!(with_changes(&signed, &ours("two")), format!("Written by hand.\n\n{}\nSigned-off.", ours("two")));
        assert_eq!(with_changes(" ", &ours("one")), ours("one"));
        assert_eq!(with_changes(BEGIN, &ours("one")), format!("{BEGIN}\n\n{}", ours("one")));
    }
}
