//! What a tenant database's own words mean: is the fleet where the green run claims it is?

use crate::{
    environment::Environment,
    evidence::{Answer, Finding},
    ids::EnvironmentName,
    migration::Found,
    text::{some, visible},
};

use jiff::Timestamp;

/// Every tenant's ledger and structure, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// All schemas but PostgreSQL's own.
    pub schemas: Vec<String>,
    /// The migrations that `public` has recorded, which each tenant must have, as `app.name`; `None` where it has no
    /// ledger.
    pub target: Option<Vec<String>>,
    /// Every schema with a ledger of its own but `public`.
    pub tenants: Vec<Tenant>,
    /// Tenants that the application lists and that have no schema.
    pub without_schema: Vec<String>,
    /// Whether tenants recorded migrations in this job without anything in their structure having been changed, when
    /// that is so of all that recorded any.
    pub unmoved: Option<Unmoved>,
    /// Migrations that the commit brings since what was live before, by the names of their files.
    pub brought: Vec<String>,
}

/// Tenants that recorded migrations without a change of their structure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unmoved {
    /// How many.
    pub tenants: u32,
    /// What the same migrations did where they were applied before; `None` where nobody knows.
    pub precedent: Option<Precedent>,
}

/// What migrations made in another environment, held against this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precedent {
    /// Where.
    pub environment: EnvironmentName,
    /// What came, went or changed there, such as `column orders.total`.
    pub made: Vec<String>,
    /// The tenants here in which some of that is still as before, each with what.
    pub lacking: Vec<(String, Vec<String>)>,
}

impl Unmoved {
    /// Whether that is as it should be: what the migrations make was there already.
    fn answer(&self) -> Answer {
        match &self.precedent {
            None => Answer::Unknown,
            Some(precedent) if precedent.lacking.is_empty() => Answer::Pass,
            Some(_) => Answer::Fail,
        }
    }

    fn says(&self) -> String {
        let count = self.tenants;
        match &self.precedent {
            None => format!(
                "{count} recorded migrations in this run, and nothing in the structure of any tenant changed: \
                 they change data alone, or were recorded with --fake"
            ),
            Some(Precedent { environment, made, lacking }) if lacking.is_empty() => format!(
                "{count} recorded migrations in this run and did not change: what those made in {environment} was \
                 there already ({})",
                some(made, 3)
            ),
            Some(Precedent { environment, made, .. }) => format!(
                "{count} recorded migrations in this run with --fake: nothing changed here, and in {environment} the \
                 same made {}",
                some(made, 3)
            ),
        }
    }

    fn facts(&self) -> Vec<String> {
        let lacking = self.precedent.iter().flat_map(|precedent| &precedent.lacking);
        lacking.map(|(tenant, lacks)| not_there(tenant, lacks)).collect()
    }
}

/// The migrations among files, by name: `orders/migrations/0005_priority.py` is `0005_priority`. An app's label need
/// not be its folder's name, so that is left out.
#[must_use]
pub fn brought(files: &[String]) -> Vec<String> {
    let name = |path: &String| {
        let (folder, file) = path.rsplit_once('/')?;
        let name = file.strip_suffix(".py")?;
        let is_one = folder.rsplit('/').next() == Some("migrations") && name.starts_with(|c: char| c.is_ascii_digit());
        is_one.then(|| name.to_owned())
    };
    files.iter().filter_map(name).collect()
}

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its schema; any text PostgreSQL allows.
    pub name: String,
    /// How it stands.
    pub standing: Standing,
}

/// How a tenant stands. Migrations are named as `app.name`, in the order they are applied in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Everything is recorded and there.
    Complete,
    /// It recorded some of the job's migrations and then no more: it failed at the first of these, or was stopped.
    Stopped(Vec<String>),
    /// It recorded none of the job's migrations; it lacks these.
    NeverStarted(Vec<String>),
    /// It appeared while the job ran, and lacks these: whoever made it had older code, or was not done.
    New(Vec<String>),
    /// It lacks these, older ones among them.
    Lagging(Vec<String>),
    /// Everything is recorded, and these objects are not there.
    Lying(Vec<String>),
    /// Its ledger could not be read.
    Unreadable(String),
}

impl Standing {
    /// Whether it lacks migrations.
    fn is_behind(&self) -> bool {
        matches!(self, Self::Stopped(_) | Self::NeverStarted(_) | Self::New(_) | Self::Lagging(_))
    }
}

impl Truth {
    fn of(&self, wanted: impl Fn(&Standing) -> bool) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().filter(move |tenant| wanted(&tenant.standing))
    }

    /// The tenants that are not complete, those that matter most first, each in one line of plain text.
    #[must_use]
    pub fn open(&self) -> Vec<String> {
        let mut open: Vec<(u8, usize, String)> = self.tenants.iter().filter_map(line).collect();
        open.extend(self.without_schema.iter().map(|name| (0, 0, format!("{name}: listed, and has no schema"))));
        open.sort();
        open.into_iter().map(|(.., line)| visible(&line)).collect()
    }

    /// `36 of 51 tenants are complete; 1 stopped, 14 never started`.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text =
            format!("{} of {} tenants are complete", self.of(|s| *s == Standing::Complete).count(), self.tenants.len());
        let kinds: [(usize, &str); 7] = [
            (self.of(|s| matches!(s, Standing::Stopped(_))).count(), "stopped in between"),
            (self.of(|s| matches!(s, Standing::NeverStarted(_))).count(), "never started"),
            (self.of(|s| matches!(s, Standing::New(_))).count(), "made while the job ran"),
            (self.of(|s| matches!(s, Standing::Lagging(_))).count(), "lagging from before"),
            (self.of(|s| matches!(s, Standing::Lying(_))).count(), "lacking what they recorded"),
            (self.of(|s| matches!(s, Standing::Unreadable(_))).count(), "not readable"),
            (self.without_schema.len(), "without a schema"),
        ];
        let kinds: Vec<String> =
            kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if !kinds.is_empty() {
            text.push_str(&format!("; {}", kinds.join(", ")));
        }
        if let Some(unmoved) = &self.unmoved {
            text.push_str(&format!("; {}", unmoved.says()));
        }
        text
    }

    /// The same for a card, with the first few that are not complete.
    #[must_use]
    pub fn found(&self, at: Timestamp) -> Found {
        let mut lines = self.open();
        let more = lines.len().saturating_sub(Self::NAMED);
        lines.truncate(Self::NAMED);
        let good = lines.is_empty()
            && self.unmoved.as_ref().is_none_or(|one| one.answer() == Answer::Pass)
            && !self.tenants.is_empty();
        Found { at, good, says: self.summary(), lines, more: u32::try_from(more).unwrap_or(u32::MAX) }
    }

    /// How many tenants are kept by name.
    pub const NAMED: usize = 8;
}

/// How urgent a tenant is, how much it lacks, and its line; `None` for one that is complete.
fn line(tenant: &Tenant) -> Option<(u8, usize, String)> {
    let name = &tenant.name;
    // What lacks most comes first.
    let most = |missing: &[String]| usize::MAX - missing.len();
    Some(match &tenant.standing {
        Standing::Complete => return None,
        Standing::Lying(objects) => (1, most(objects), not_there(name, objects)),
        Standing::Stopped(missing) => (2, most(missing), format!("{name}: stopped at {}", first(missing))),
        Standing::New(missing) => {
            (3, most(missing), format!("{name}: made while the job ran, and lacks {}", first(missing)))
        }
        Standing::Lagging(missing) => (4, most(missing), format!("{name}: {}", first(missing))),
        Standing::NeverStarted(missing) => (5, most(missing), format!("{name}: {}", first(missing))),
        Standing::Unreadable(why) => (6, 0, format!("{name}: {why}")),
    })
}

fn first(missing: &[String]) -> String {
    match missing {
        [] => "nothing".into(),
        [one] => one.clone(),
        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
    }
}

fn not_there(tenant: &str, objects: &[String]) -> String {
    format!("{tenant}: recorded, and not there: {}", some(objects, 3))
}

/// The findings over a fleet: are the expected schemas there, did the migrations reach every tenant, and is there what
/// they make?
#[must_use]
pub fn judge(truth: &Truth, environment: &Environment) -> Vec<Finding> {
    let mut findings = vec![schemas(truth, environment)];
    findings.extend(migrations(truth));
    findings.extend(structure(truth));
    findings
}

/// The finding when the database could not be asked.
#[must_use]
pub fn unreachable(why: String) -> Finding {
    finding("tenant database", Answer::Unknown, why, vec![], true)
}

fn schemas(truth: &Truth, environment: &Environment) -> Finding {
    let missing: Vec<String> =
        environment.schemas.iter().filter(|name| !truth.schemas.contains(name)).cloned().collect();
    if !missing.is_empty() {
        let says = format!("{} of {} expected schemas are missing", missing.len(), environment.schemas.len());
        return finding("tenant database", Answer::Fail, says, missing, false);
    }
    if !truth.without_schema.is_empty() {
        let says = format!("{} listed tenants have no schema", truth.without_schema.len());
        return finding("tenant database", Answer::Fail, says, truth.without_schema.clone(), false);
    }
    let says = format!("{} schemas answer", truth.schemas.len());
    finding("tenant database", Answer::Pass, says, vec![], false)
}

/// Compares each tenant's ledger with public's: after the shared step that one names every migration.
fn migrations(truth: &Truth) -> Option<Finding> {
    let target = truth.target.as_ref()?;
    let is_recorded =
        |name: &String| target.iter().any(|label| label.split_once('.').is_some_and(|(_, one)| one == name));
    if !truth.brought.is_empty() && !truth.brought.iter().any(is_recorded) {
        let says =
            format!("the commit brings {} migrations, and public has recorded none of them", truth.brought.len());
        return Some(finding("migrations", Answer::Fail, says, truth.brought.clone(), false));
    }
    let total = truth.tenants.len();
    let mut behind: Vec<(u8, usize, String)> = truth.of(|s| s.is_behind()).filter_map(line).collect();
    let finding = |answer, says, facts, may_change| Some(finding("migrations", answer, says, facts, may_change));
    if !behind.is_empty() {
        let says = format!("{} of {total} tenants lack migrations", behind.len());
        // Where it stopped says most of why.
        behind.sort();
        return finding(Answer::Fail, says, behind.into_iter().map(|(.., fact)| fact).collect(), false);
    }
    let unreadable: Vec<String> =
        truth.of(|s| matches!(s, Standing::Unreadable(_))).filter_map(line).map(|(.., fact)| fact).collect();
    if !unreadable.is_empty() {
        let says = format!("the ledgers of {} of {total} tenants could not be read", unreadable.len());
        return finding(Answer::Unknown, says, unreadable, true);
    }
    if total == 0 {
        return finding(Answer::Unknown, "no tenant schema has a ledger".into(), vec![], false);
    }
    let says = format!("all {} migrations are in the ledgers of all {total} tenants", target.len());
    finding(Answer::Pass, says, vec![], false)
}

/// Whether the structures are what the ledgers claim.
fn structure(truth: &Truth) -> Option<Finding> {
    let total = truth.tenants.len();
    let lying: Vec<String> =
        truth.of(|s| matches!(s, Standing::Lying(_))).filter_map(line).map(|(.., fact)| fact).collect();
    let finding = |answer, says, facts| Some(finding("structure", answer, says, facts, false));
    if !lying.is_empty() {
        let says = format!("{} of {total} tenants lack what their ledgers record", lying.len());
        return finding(Answer::Fail, says, lying);
    }
    let unmoved = truth.unmoved.as_ref()?;
    finding(unmoved.answer(), unmoved.says(), unmoved.facts())
}

fn finding(check: &str, answer: Answer, says: String, facts: Vec<String>, may_change: bool) -> Finding {
    Finding { check: check.into(), answer, says, facts, may_change }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::tests::uat;

    fn truth(tenants: &[(&str, Standing)]) -> Truth {
        let tenant = |(name, standing): &(&str, Standing)| Tenant { name: (*name).into(), standing: standing.clone() };
        let schemas = tenants.iter().map(|(name, _)| (*name).to_owned()).chain(["public".to_owned()]).collect();
        Truth {
            schemas,
            target: Some((0..53).map(|n| format!("app.{n:04}_x")).collect()),
            tenants: tenants.iter().map(tenant).collect(),
            ..Truth::default()
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn said(truth: &Truth) -> String {
        let line = |f: Finding| format!("{:?} {}: {} {:?}\n", f.answer, f.check, f.says, f.facts);
        judge(truth, &uat()).into_iter().map(line).collect()
    }

    #[test]
    fn a_fleet_is_judged_by_its_ledgers_and_its_structures() {
        insta::assert_snapshot!(said(&truth(&[("acme", Standing::Complete)])), @r#"
        Pass tenant database: 2 schemas answer []
        Pass migrations: all 53 migrations are in the ledgers of all 1 tenants []
        "#);
        let (one, three) = (names(&["orders.0005_priority"]), names(&["orders.0005_priority", "b.1", "b.2"]));
        let behind = [("acme", Standing::NeverStarted(one.clone())), ("beta", Standing::Stopped(three))];
        insta::assert_snapshot!(said(&truth(&behind)), @r#"
        Pass tenant database: 3 schemas answer []
        Fail migrations: 2 of 2 tenants lack migrations ["beta: stopped at orders.0005_priority and 2 more", "acme: orders.0005_priority"]
        "#);
        insta::assert_snapshot!(said(&truth(&[("acme", Standing::Unreadable("locked".into()))])), @r#"
        Pass tenant database: 2 schemas answer []
        Unknown migrations: the ledgers of 1 of 1 tenants could not be read ["acme: locked"]
        "#);
        let lying = [("acme", Standing::Lying(names(&["table orders_order"]))), ("beta", Standing::Complete)];
        insta::assert_snapshot!(said(&truth(&lying)), @r#"
        Pass tenant database: 3 schemas answer []
        Pass migrations: all 53 migrations are in the ledgers of all 2 tenants []
        Fail structure: 1 of 2 tenants lack what their ledgers record ["acme: recorded, and not there: table orders_order"]
        "#);
        let ghost = Truth { without_schema: names(&["ghost"]), ..truth(&[("acme", Standing::Complete)]) };
        insta::assert_snapshot!(said(&ghost), @r#"
        Fail tenant database: 1 listed tenants have no schema ["ghost"]
        Pass migrations: all 53 migrations are in the ledgers of all 1 tenants []
        "#);
        let nothing = Truth { schemas: vec![], ..truth(&[]) };
        insta::assert_snapshot!(said(&nothing), @r#"
        Fail tenant database: 1 of 1 expected schemas are missing ["public"]
        Unknown migrations: no tenant schema has a ledger []
        "#);
    }

    #[test]
    fn what_the_commit_brings_must_be_recorded_somewhere() {
        let files = ["shop/orders/migrations/0060_y.py", "app/migrations/__init__.py", "docs/migrations/0001_a.md"];
        let brought = brought(&files.map(str::to_owned));
        assert_eq!(brought, ["0060_y"]);
        let nothing = Truth { brought, ..truth(&[("acme", Standing::Complete)]) };
        insta::assert_snapshot!(said(&nothing), @r#"
        Pass tenant database: 2 schemas answer []
        Fail migrations: the commit brings 1 migrations, and public has recorded none of them ["0060_y"]
        "#);
        let known = Truth { brought: names(&["0001_x", "0060_y"]), ..nothing };
        assert_eq!(judge(&known, &uat())[1].answer, Answer::Pass, "one of them is, so it was migrated");
    }

    #[test]
    fn recorded_everywhere_and_nothing_changed_proves_nothing() {
        let unmoved = |precedent| Some(Unmoved { tenants: 1, precedent });
        let faked = Truth { unmoved: unmoved(None), ..truth(&[("acme", Standing::Complete)]) };
        let findings = judge(&faked, &uat());
        assert_eq!((findings[2].answer, findings[2].may_change), (Answer::Unknown, false));
        assert!(!faked.found(Timestamp::UNIX_EPOCH).good);
        let dev = EnvironmentName::parse("dev").unwrap();
        let made = names(&["column orders.total", "index orders_total"]);
        let told = Precedent { environment: dev, lacking: vec![("acme".into(), made.clone())], made };
        let there = Precedent { lacking: vec![], ..told.clone() };
        let faked = Truth { unmoved: unmoved(Some(told)), ..faked };
        assert!(!faked.found(Timestamp::UNIX_EPOCH).good);
        insta::assert_snapshot!(said(&faked).lines().last().unwrap(), @r#"Fail structure: 1 recorded migrations in this run with --fake: nothing changed here, and in dev the same made column orders.total, index orders_total ["acme: recorded, and not there: column orders.total, index orders_total"]"#);
        let matched = Truth { unmoved: unmoved(Some(there)), ..faked };
        assert!(matched.found(Timestamp::UNIX_EPOCH).good);
        insta::assert_snapshot!(said(&matched).lines().last().unwrap(), @"Pass structure: 1 recorded migrations in this run and did not change: what those made in dev was there already (column orders.total, index orders_total) []");
    }

    #[test]
    fn what_was_found_is_told_worst_first_and_counted() {
        let one = || names(&["orders.0005_priority"]);
        let mut tenants =
            vec![("lying", Standing::Lying(names(&["a", "b", "c", "d"]))), ("half", Standing::Stopped(one()))];
        tenants.extend(["a", "b", "c", "d", "e", "f", "g"].map(|name| (name, Standing::NeverStarted(one()))));
        tenants.extend([("fine", Standing::Complete), ("late", Standing::New(names(&["b.1", "b.2"])))]);
        let found = truth(&tenants).found(Timestamp::UNIX_EPOCH);
        assert_eq!(
            found.says,
            "1 of 11 tenants are complete; 1 stopped in between, 7 never started, 1 made while the job ran, \
             1 lacking what they recorded"
        );
        assert_eq!(found.lines[0], "lying: recorded, and not there: a, b, c and 1 more");
        assert_eq!(found.lines[1], "half: stopped at orders.0005_priority");
        assert_eq!(found.lines[2], "late: made while the job ran, and lacks b.1 and 1 more");
        assert_eq!((found.lines.len(), found.more, found.good), (8, 2, false));
    }
}
