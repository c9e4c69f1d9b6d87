//! What people are told of logs.

use super::{Grade, JobLog, LogFinding};
use crate::text::{clip, code, plain};

/// Most findings on a card; the thread has them all.
const ON_CARD: usize = 3;

/// What a card shows of the logs that were read; `None` where there is nothing to tell.
#[must_use]
pub fn field(logs: &[JobLog], room: usize) -> Option<String> {
    let mut lines: Vec<String> = vec![];
    let all: Vec<(&JobLog, &LogFinding)> = worst_first(logs);
    let each = room / all.len().clamp(1, ON_CARD);
    lines.extend(all.iter().take(ON_CARD).map(|(log, finding)| short(log, finding, each)));
    if all.len() > ON_CARD {
        lines.push(format!("… and {} more in the thread", all.len() - ON_CARD));
    }
    let unread = logs.iter().filter_map(|log| Some((log, log.trouble.as_ref()?)));
    lines.extend(unread.map(|(log, why)| unread_line(&log.name, why)));
    (!lines.is_empty()).then(|| clip(&lines.join("\n"), room))
}

/// A log in the thread: all that it says.
#[must_use]
pub fn line(log: &JobLog) -> String {
    let mut parts: Vec<String> = log.findings.iter().map(|finding| whole(log, finding)).collect();
    parts.extend(log.trouble.iter().map(|why| unread_line(&log.name, why)));
    clip(&parts.join("\n"), 1_900)
}

fn worst_first(logs: &[JobLog]) -> Vec<(&JobLog, &LogFinding)> {
    let mut all: Vec<_> = logs.iter().flat_map(|log| log.findings.iter().map(move |found| (log, found))).collect();
    all.sort_by_key(|(_, finding)| finding.grade);
    all
}

fn unread_line(name: &str, why: &str) -> String {
    format!("❔ the log of {}: {}", code(&clip(name, 60)), plain(&clip(why, 200)))
}

fn head(log: &JobLog, finding: &LogFinding) -> String {
    let mark = match finding.grade {
        Grade::Failure => "✗",
        Grade::Swallowed => "⚠️ swallowed:",
        Grade::Warning => "⚠️",
    };
    let tenant = finding.tenant.as_ref().map(|tenant| format!(", tenant {}", code(tenant))).unwrap_or_default();
    let migration = finding.migration.as_ref().map(|name| format!(", applying {}", code(name))).unwrap_or_default();
    let times = if finding.count > 1 { format!(" ({} times)", finding.count) } else { String::new() };
    let job = code(&clip(&log.name, 40));
    format!("{mark} **{}**{times} in {job}{tenant}{migration} (`{}`)", plain(&finding.title), finding.rule)
}

/// A finding within the room it has on a card: what gives way first is the line, never the remedy.
fn short(log: &JobLog, finding: &LogFinding, room: usize) -> String {
    let (head, remedy) = (head(log, finding), format!("→ {}", marked(&finding.remedy)));
    let line = finding.lines.first().map(|line| code(&clip(line, 160)));
    let meaning = marked(&finding.meaning);
    let join = |parts: &[&str]| parts.join("\n");
    let tries = [
        line.as_ref().map(|line| join(&[&head, line, &meaning, &remedy])),
        line.as_ref().map(|line| join(&[&head, line, &remedy])),
        Some(join(&[&head, &remedy])),
    ];
    let fits = tries.into_iter().flatten().find(|text| text.chars().count() < room);
    fits.unwrap_or_else(|| clip(&head, room))
}

fn whole(log: &JobLog, finding: &LogFinding) -> String {
    let mut parts = vec![head(log, finding)];
    if let Some(step) = &finding.step {
        parts.push(format!("Step: {}", code(step)));
    }
    parts.extend(finding.lines.iter().map(|line| format!("> {}", code(line))));
    parts.push(format!("{}.", marked(&finding.meaning)));
    parts.push(format!("→ {}", marked(&finding.remedy)));
    parts.join("\n")
}

/// Text of a rule, safe to show: what stands between backticks stays code.
#[must_use]
pub fn marked(text: &str) -> String {
    let spans = text.split('`').count() % 2 == 1;
    let parts = text.split('`').enumerate();
    parts.map(|(n, part)| if spans && n % 2 == 1 { code(part) } else { plain(part) }).collect()
}
