//! While a job migrates the tenants, and after it: what the database shows of it, and what it left behind.

use jiff::{SignedDuration, Timestamp};

use super::Step;
use crate::{
    alert::{Alert, Severity},
    effect::Effect,
    fleet::File,
    ids::Person,
    migration::{self, Learnt, Migration, Session, Sight, Silent},
    run::{Conclusion, Job, Status},
    text::{code, plain},
    truth::Truth,
};

/// With more lines than this what was found is a file.
const LINES: usize = 8;

impl Step<'_> {
    /// The jobs are known: a migration has begun, or has ended.
    pub(super) fn follow_migration(&mut self, is_run_over: bool) {
        if self.environment.database.is_none() {
            return;
        }
        let migrates = |job: &&Job| self.environment.is_migration(&job.name);
        let ran = |job: &&Job| job.started_at.is_some() && job.conclusion != Some(Conclusion::Skipped);
        let at_work = self.d.jobs.iter().filter(migrates).find(|job| job.status == Status::InProgress);
        let latest = || self.d.jobs.iter().filter(migrates).filter(ran).max_by_key(|job| job.started_at);
        let Some(job) = at_work.or_else(latest) else { return };
        let (id, since) = (job.id, job.started_at.unwrap_or(self.now));
        let is_over = is_run_over || job.status == Status::Completed;
        if self.d.migration.as_ref().is_none_or(|known| known.job != id) {
            self.d.migration = Some(Migration::begun(id, since, self.now));
            self.soon(Effect::Watch { deployment: self.d.id });
        }
        let now = self.now;
        let ends = self.d.migration.as_mut().filter(|known| is_over && known.over.is_none());
        if let Some(known) = ends {
            known.over = Some(now);
            if known.stuck.take().is_some() {
                self.clear(self.key("hangs"));
            }
            self.soon(Effect::Audit { deployment: self.d.id });
            self.soon(Effect::Watch { deployment: self.d.id });
        }
    }

    /// The database was looked at. What it showed decides what is said; how often it is looked at does not hang on it.
    pub(super) fn sighted(&mut self, sight: Result<Box<Sight>, String>, learnt: Option<Learnt>) {
        let Some(mut m) = self.d.migration.clone() else { return };
        let (before, orphans, blocked) = (self.shown(), m.orphans.clone(), m.blocked().map(|wait| wait.pid));
        match sight {
            Ok(sight) => m.take_in(*sight, self.now),
            Err(why) if m.silent.is_none() => m.silent = Some(Silent { since: self.now, why }),
            Err(_) => {}
        }
        m.learnt = learnt.or(m.learnt);
        let was_stuck = m.stuck;
        // What a silent database hides has not ended.
        m.stuck = (m.silent.is_some() && was_stuck.is_some() || m.hangs(self.environment.stall, self.now))
            .then(|| was_stuck.unwrap_or(self.now));
        self.d.migration = Some(m.clone());
        match (was_stuck, m.stuck) {
            (None, Some(_)) => self.hangs(&m),
            (Some(_), None) if m.silent.is_none() => self.clear(self.key("hangs")),
            _ => {}
        }
        match (orphans.is_empty(), m.orphans.is_empty()) {
            (false, true) => self.clear(self.key("orphan")),
            (_, false) if orphans != m.orphans => self.left_behind(&m),
            _ => {}
        }
        self.waits(&m);
        if before != self.shown() || blocked != m.blocked().map(|wait| wait.pid) {
            self.show();
        }
    }

    /// What people see of it now.
    fn shown(&self) -> Option<(String, Option<String>)> {
        self.d.migration.as_ref().map(|m| (migration::field(m, self.now), migration::after(m)))
    }

    fn hangs(&mut self, m: &Migration) {
        let far = m.sight.as_ref().map(|sight| format!("{} of {} tenants are done.", sight.done, sight.tenants));
        let who = match m.is_named {
            true => "no session of the migration is left in the database".to_owned(),
            false => format!(
                "no session holds or waits for a lock as a migration does ([`PGAPPNAME`](<{DOCS}>) would make this certain)"
            ),
        };
        self.record("signalbox", "hangs", "the migration job runs and nothing moves".into());
        let what = format!("The migration of `{}` hangs: its job runs, and {who}.", self.environment.name);
        let why = format!("Most likely a worker was killed and its parent waits for ever. {}", far.unwrap_or_default());
        let remedy = format!("`/cancel {}` stops the run; what is done stays done.", self.d.id);
        self.raise(Alert { why, remedy, ..self.condition(Severity::Critical, self.key("hangs"), m.moved, what) });
    }

    /// Says once of each wait that it has become long, and once that there is none any more.
    fn waits(&mut self, m: &Migration) {
        let long = self.environment.lock_wait.as_secs().unsigned_abs();
        let Some(wait) = m.blocked() else {
            return self.goes_on();
        };
        let by = wait.by.as_ref().map_or(0, |by| by.pid);
        let matter = format!("{} {by} {}", wait.pid, wait.relation.as_deref().unwrap_or_default());
        if wait.seconds < long || m.told_wait.as_ref() == Some(&matter) {
            return;
        }
        if let Some(m) = &mut self.d.migration {
            m.told_wait = Some(matter);
        }
        self.record("signalbox", "blocked", format!("pid {} waits for pid {by}", wait.pid));
        let severity = if wait.behind > 0 { Severity::Critical } else { Severity::Warning };
        let what = format!("The migration of `{}` is blocked.", self.environment.name);
        let why = format!(
            "{}. It stands still until then, and whoever wants that table queues behind it.",
            migration::blocked_line(wait)
        );
        let remedy =
            format!("\"Blocked…\" on the card of deployment {} says what would end that, and does it.", self.d.id);
        self.raise(Alert { why, remedy, ..self.condition(severity, self.key("blocked"), self.now, what) });
    }

    /// Nobody is blocked, whatever was told.
    fn goes_on(&mut self) {
        if self.d.migration.as_mut().and_then(|m| m.told_wait.take()).is_some() {
            self.clear(self.key("blocked"));
        }
    }

    fn left_behind(&mut self, m: &Migration) {
        let pids = m.orphans.iter().map(|pid| format!("`{pid}`")).collect::<Vec<_>>().join(", ");
        let sql = m.orphans.iter().map(|pid| format!("SELECT pg_terminate_backend({pid});")).collect::<Vec<_>>();
        self.record("signalbox", "orphan", format!("sessions {:?} outlived the job", m.orphans));
        let what =
            format!("The migration job of deployment {} is over, and it left pid {pids} in the database.", self.d.id);
        let why = "It still holds locks or waits for them, and the application queues behind it.".to_owned();
        let remedy = format!(
            "Whoever may signal it ends it with {}. [`PGOPTIONS`](<{DOCS}>) with `client_connection_check_interval` \
             prevents this.",
            code(&sql.join(" ")),
        );
        self.raise(Alert { why, remedy, ..self.condition(Severity::Warning, self.key("orphan"), self.now, what) });
    }

    fn key(&self, condition: &str) -> String {
        format!("{condition}:{}", self.environment.name)
    }

    fn condition(&self, severity: Severity, key: String, since: Timestamp, what: String) -> Alert {
        let place = migration::place(&self.d, self.environment);
        let environment = Some(self.d.environment.clone());
        Alert { environment, deployment: Some(self.d.id), place, ..Alert::new(severity, key, since, what) }
    }

    /// The job is over, and every tenant was read.
    pub(super) fn audited(&mut self, truth: &Truth) {
        let Some(m) = &mut self.d.migration else { return };
        let found = truth.found(self.now);
        let is_news = m.found.as_ref().is_none_or(|known| (known.good, &known.says) != (found.good, &found.says));
        let (job, good, says) = (m.job, found.good, found.says.clone());
        m.found = Some(found);
        if !is_news {
            return;
        }
        self.record("signalbox", "tenants", says.clone());
        self.show();
        if good {
            return;
        }
        let open = truth.open();
        let text = format!("🧾 ⚠️ After the migration job: {}.", plain(&says));
        let matter = format!("tenants {job} {says}");
        if open.len() > LINES {
            let file = File { name: format!("tenants-{}.txt", self.d.id), content: open.join("\n") + "\n" };
            self.soon(Effect::Attach { deployment: self.d.id, matter, text, file });
        } else {
            let lines: String = open.iter().map(|line| format!("\n• {}", plain(line))).collect();
            self.tell(&matter, text + &lines);
        }
    }

    /// Somebody had a session ended that stood in the way.
    pub(super) fn session_ended(&mut self, by: &Person, session: &Session) {
        let sql = session.sql();
        self.record(&by.name, "session ended", format!("{sql} for {}", crate::text::visible(&session.name)));
        let matter = format!("ended {} {}", session.pid, self.now);
        self.tell(&matter, format!("✂️ <@{}> ended {}: {}", by.id, migration::session(session), code(&sql)));
        if self.d.migration.is_some() {
            self.after(SignedDuration::ZERO, Effect::Watch { deployment: self.d.id });
        }
    }
}

/// What to put into a workflow so that all of this is sharper.
const DOCS: &str = "https://github.com/signalbox-bot/signalbox/blob/main/docs/migrations.md#two-lines-for-the-workflow";
