//! Reads a log from its first byte to its last: which step said what, and what of it counts.
//!
//! Not every line is what it seems. The runner shows each script before it runs it, `|| echo "⚠ … failed"` included;
//! a message of a commit may hold any marker; a second line of an environment variable may look like a command of the
//! runner. So what stands in the heading of a step is remembered, and a line that only repeats it is an echo.

use std::{collections::VecDeque, sync::Arc};

use regex::Regex;

use super::{
    LogFinding,
    clean::{Cleaner, Line, clean},
    executor::{Executor, Tags},
    incident::{Cause, Incident},
    redact::{HIDDEN, Redactor},
    rules::{Grade, Rule, Rules},
    step::{Place, Step, from_sign},
    table::unknown,
};
use crate::text::clip;

/// How much of the end of a log is kept, in lines and in bytes.
const TAIL: (usize, usize) = (1_000, 400 * 1024);
/// Most findings of one log.
const MOST: usize = 24;
/// Most characters of a line that a finding shows.
const SHOWN: usize = 300;
/// How archives begin: zip, an empty one too, and gzip, Zstandard, xz, 7z.
const ARCHIVES: [&[u8]; 6] =
    [b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"7z\xbc\xaf"];
/// Longest of these.
const LONGEST_MAGIC: usize = 5;
/// Longest key that is hidden, in lines.
const KEY: u16 = 200;

/// Rules and secrets, for any number of logs.
#[derive(Debug)]
pub struct Classifier {
    rules: Rules,
    redactor: Redactor,
    tenant: Option<Regex>,
    applying: Option<Regex>,
}

/// What was read of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// What it says, worst first.
    pub findings: Vec<LogFinding>,
    /// What migrated the tenants, where the log says so.
    pub executor: Option<Executor>,
    /// Its last lines, cleaned and redacted.
    pub tail: Vec<String>,
    /// How many lines it has, as far as it was read.
    pub lines: u64,
    /// Why that is not all of it.
    pub trouble: Option<String>,
}

impl Classifier {
    /// A classifier of these rules, which takes these secrets out of all that it gives away.
    #[must_use]
    pub fn new(rules: Rules, redactor: Redactor) -> Self {
        // The prefix that django-tenants 4 puts before each line; there is none before that.
        let tenant =
            r"^\[(?:\d+/(?<of>\d+) \(\d+%\) )?(?<executor>standard|multiprocessing|subprocess):(?<schema>[^\]]+)\] ?";
        let applying = r"^\s*Applying ([\w.]+)\.\.\.\s*(\S*)";
        Self { rules, redactor, tenant: Regex::new(tenant).ok(), applying: Regex::new(applying).ok() }
    }

    /// Begins with the log of a job; `failed`: it did not end well.
    #[must_use]
    pub fn reader(self: &Arc<Self>, failed: bool) -> Reader {
        Reader {
            with: self.clone(),
            failed,
            cleaner: Cleaner::default(),
            step: Step::default(),
            tags: Tags::default(),
            findings: vec![],
            tail: VecDeque::new(),
            tail_bytes: 0,
            lines: 0,
            stamped: false,
            has_error: false,
            any_error: false,
            head: vec![],
            key: 0,
            trouble: None,
        }
    }
}

/// Reads one log. Memory stays below a megabyte or two, whatever comes.
#[derive(Debug)]
pub struct Reader {
    with: Arc<Classifier>,
    failed: bool,
    cleaner: Cleaner,
    step: Step,
    tags: Tags,
    findings: Vec<LogFinding>,
    tail: VecDeque<String>,
    tail_bytes: usize,
    lines: u64,
    stamped: bool,
    /// Whether the runner printed an error since the last step with a script or an action of its own began.
    has_error: bool,
    /// Whether it ever did.
    any_error: bool,
    /// The first bytes.
    head: Vec<u8>,
    key: u16,
    trouble: Option<String>,
}

impl Reader {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = LONGEST_MAGIC.saturating_sub(self.head.len());
        self.head.extend(bytes.iter().take(room));
        if self.is_archive() {
            return;
        }
        let mut cleaner = std::mem::take(&mut self.cleaner);
        cleaner.push(bytes, |line| self.line(line));
        self.cleaner = cleaner;
    }

    /// The rest of the log is not coming; why, in a sentence.
    pub fn breaks_off(&mut self, why: impl Into<String>) {
        self.trouble.get_or_insert(why.into());
    }

    /// Whether the log tells how its job ended: it ended well, or the runner printed an error in its last step.
    #[must_use]
    pub fn says_how_it_ended(&self) -> bool {
        !self.failed || self.has_error
    }

    /// Hears what was reported of the job beside its log, such as that its runner was lost; what no rule knows is not kept.
    /// Whether it was that: then there may never be a log.
    pub fn reported(&mut self, text: &str) -> bool {
        let with = self.with.clone();
        let text = clean(text.lines().next().unwrap_or_default());
        let Some((_, rule)) = with.rules.found(&text).find(|(_, rule)| rule.grade == Grade::Failure) else {
            return false;
        };
        let is_lost = rule.name == "runner_lost";
        // What else it was, the log says itself.
        if self.any_error && !is_lost {
            return false;
        }
        // The log may have said it in an earlier step.
        if self.findings.iter().any(|known| known.grade == Grade::Failure && known.rule == rule.name) {
            return is_lost;
        }
        self.tell(&Cause { rule: Some(rule), lines: vec![text.clone()] }, Grade::Failure, None);
        is_lost
    }

    /// Whether it is packed, which GitHub's logs of jobs are not.
    fn is_archive(&self) -> bool {
        ARCHIVES.iter().any(|magic| self.head.starts_with(magic))
    }

    /// What the log says.
    #[must_use]
    pub fn finish(mut self) -> Log {
        if let Some(line) = self.cleaner.finish() {
            self.line(line);
        }
        let unread = [
            (self.is_archive(), "it is an archive, and archives are not unpacked"),
            (self.cleaner.is_binary(), "it is not text"),
        ];
        if let Some((_, why)) = unread.iter().find(|(holds, _)| *holds) {
            let trouble = Some((*why).to_owned());
            return Log { findings: vec![], executor: None, tail: vec![], lines: self.lines, trouble };
        }
        self.end_step();
        if !self.says_how_it_ended() && self.findings.is_empty() && self.step.is_at_work() {
            self.breaks_off("it ends in the middle of a step: its runner was lost, or ended from outside");
        }
        let mut findings = std::mem::take(&mut self.findings);
        findings.sort_by_key(|finding| finding.grade);
        let tail = self.tail.iter().map(|line| self.with.redactor.line(line)).collect();
        Log { findings, executor: self.tags.executor(), tail, lines: self.lines, trouble: self.trouble }
    }

    fn line(&mut self, line: Line) {
        self.lines += 1;
        let is_key = self.is_key(&line.text);
        self.keep(if is_key { HIDDEN.to_owned() } else { line.text.clone() });
        self.stamped |= line.stamped;
        // A second line of a value has neither a time nor a say.
        let commands = !line.script && (line.stamped || !self.stamped);
        if commands && let Some(name) = line.text.strip_prefix("##[group]Run ") {
            // One that went on after an error says nothing of how the job ended.
            self.has_error = false;
            self.begin_step(Some(name));
        } else if commands && line.text == "##[endgroup]" {
            self.step.end_heading();
        } else if commands && line.text == "Post job cleanup." {
            self.begin_step(None);
        } else if self.step.is_in_heading() {
            self.step.hear_heading(&line, &self.with.rules);
        } else if !is_key {
            self.said(&line.text, commands);
        }
    }

    /// Whether a line is part of a private key of several lines.
    fn is_key(&mut self, text: &str) -> bool {
        if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY") {
            self.key = if text.contains("-----END ") { 0 } else { KEY };
            return false;
        }
        let body = |c: char| c.is_ascii_alphanumeric() || "+/=-,: ".contains(c);
        if self.key > 0 && text.chars().all(body) {
            self.key = if text.contains("-----END ") { 0 } else { self.key - 1 };
            return true;
        }
        self.key = 0;
        false
    }

    fn keep(&mut self, text: String) {
        self.tail_bytes += text.len();
        self.tail.push_back(text);
        while self.tail.len() > TAIL.0 || self.tail_bytes > TAIL.1 {
            self.tail_bytes -= self.tail.pop_front().map_or(0, |gone| gone.len());
        }
    }

    fn begin_step(&mut self, name: Option<&str>) {
        self.end_step();
        self.step = Step::begin(name);
    }

    /// A line that the step printed.
    fn said(&mut self, text: &str, commands: bool) {
        self.has_error |= commands && text.starts_with("##[error]");
        self.any_error |= self.has_error;
        let tag = self.with.tenant.as_ref().and_then(|tenant| tenant.captures(text));
        if let Some(tag) = &tag {
            self.tags.hear(tag);
        }
        self.step.place.follow(text, tag.as_ref(), self.with.applying.as_ref());
        if self.step.is_history(text) || text.starts_with("##[debug]") || text.starts_with("+ ") {
            return;
        }
        let with = self.with.clone();
        let whole = self.step.with_its_title(text);
        let found: Vec<(usize, Grade)> = with
            .rules
            .found(&whole)
            .filter(|(n, _)| !self.step.echoes(text, *n))
            .map(|(n, rule)| (n, rule.grade))
            .collect();
        let first = |grade: Grade| found.iter().find(|(_, of)| *of == grade).map(|(n, _)| *n);
        if let Some(rule) = first(Grade::Swallowed) {
            let incident = std::mem::take(&mut self.step.incident);
            self.swallowed(incident, Some((rule, text)));
            return;
        }
        if let Some(rule) = first(Grade::Warning) {
            let cause = Cause { rule: with.rules.get(rule), lines: vec![text.trim_start().to_owned()] };
            self.tell(&cause, Grade::Warning, None);
        }
        self.step.incident.hear(self.lines, text, first(Grade::Failure));
        if commands && text.starts_with("##[error]") {
            let ended = text.starts_with("##[error]Process completed with exit code");
            self.step.failed |= ended || self.failed;
        }
    }

    fn end_step(&mut self) {
        let incident = std::mem::take(&mut self.step.incident);
        let last_of_a_failed_job = self.failed && self.findings.iter().all(|f| f.grade != Grade::Failure);
        if self.step.failed && self.failed || last_of_a_failed_job && self.step.name.is_none() && incident.gave_up {
            if !incident.is_quiet() {
                let with = self.with.clone();
                self.tell(&incident.cause(&with.rules), Grade::Failure, None);
            }
        } else if self.step.failed || incident.gave_up {
            self.swallowed(incident, None);
        }
    }

    /// Something failed and the step, or the job, went on; `said` is the script's word for it.
    fn swallowed(&mut self, incident: Incident, said: Option<(usize, &str)>) {
        let with = self.with.clone();
        if said.is_none() && incident.is_quiet() {
            return;
        }
        let cause = incident.cause(&with.rules);
        let word = said.and_then(|(rule, line)| Some((with.rules.get(rule)?, line)));
        self.tell(&cause, Grade::Swallowed, word);
    }

    fn tell(&mut self, cause: &Cause<'_>, grade: Grade, word: Option<(&Rule, &str)>) {
        let with = self.with.clone();
        let unknown = unknown(grade);
        // What the script says for itself names what was lost, what the error says names why.
        let rule = cause.rule.or(word.map(|(rule, _)| rule)).unwrap_or(&unknown);
        let shown = |line: &str| clip(&with.redactor.line(line), SHOWN);
        let word_line = word.map(|(_, line)| from_sign(line)).filter(|_| grade == Grade::Swallowed);
        let lines: Vec<String> =
            word_line.into_iter().chain(cause.lines.iter().map(String::as_str)).map(shown).collect();
        let step = self.step.name.as_deref().map(|name| clip(&with.redactor.line(name), 80));
        let same = |known: &&mut LogFinding| known.rule == rule.name && known.grade == grade && known.step == step;
        if let Some(known) = self.findings.iter_mut().find(same) {
            known.count = known.count.saturating_add(1);
            return;
        }
        if self.findings.len() >= MOST {
            return;
        }
        let remedy = match (grade, word.or(cause.rule.map(|rule| (rule, "")))) {
            (Grade::Swallowed, Some((word, _))) if word.name != rule.name => {
                format!("{}. And: {}", rule.remedy, word.remedy)
            }
            _ => rule.remedy.to_string(),
        };
        let Place { tenant, migration } = &self.step.place;
        let in_tenant = grade != Grade::Warning && rule.name != "tenant_without_schema";
        self.findings.push(LogFinding {
            rule: rule.name.to_string(),
            grade,
            title: rule.title.to_string(),
            meaning: rule.meaning.to_string(),
            remedy,
            step,
            tenant: tenant.clone().filter(|_| in_tenant).map(|name| clip(&with.redactor.line(&name), 63)),
            migration: migration.clone().filter(|_| in_tenant).map(|name| clip(&with.redactor.line(&name), 120)),
            lines,
            count: 1,
        });
    }
}
