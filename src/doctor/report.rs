//! What an examination found, as lines for a terminal.

use std::fmt;

use jiff::SignedDuration;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// It works, but somebody should look.
    Warn,
    /// It does not work.
    Bad,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    mark: Mark,
    name: String,
    what: String,
    fix: Option<String>,
}

/// All lines, in groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report(Vec<(String, Vec<Check>)>);

impl Check {
    /// It is as it should be.
    pub fn good(name: impl Into<String>, what: impl Into<String>) -> Self {
        Self { mark: Mark::Good, name: name.into(), what: what.into(), fix: None }
    }

    /// It works, but there is something better to do.
    pub fn warn(name: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { mark: Mark::Warn, name: name.into(), what: what.into(), fix: Some(fix.into()) }
    }

    /// It does not work, and this is what to do.
    pub fn bad(name: impl Into<String>, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { mark: Mark::Bad, name: name.into(), what: what.into(), fix: Some(fix.into()) }
    }

    /// How it went.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark
    }
}

/// Judges how far our clock is ahead of somebody else's. Signatures and signed tokens need both to agree.
pub(super) fn clock(whose: &str, ahead: SignedDuration) -> Check {
    let name = format!("clock, beside {whose}");
    let seconds = ahead.as_secs().unsigned_abs();
    let way = if ahead.is_negative() { "behind" } else { "ahead" };
    let fix = "set this machine's clock, for example with `timedatectl set-ntp true`";
    match seconds {
        0..=5 => Check::good(name, format!("{seconds} s apart")),
        6..=60 => Check::warn(name, format!("ours is {seconds} s {way}"), fix),
        _ => Check::bad(name, format!("ours is {seconds} s {way}"), fix),
    }
}

impl Report {
    /// Adds a group of checks.
    pub fn add(&mut self, title: impl Into<String>, checks: Vec<Check>) {
        self.0.push((title.into(), checks));
    }

    /// Whether something must be fixed.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.count(Mark::Bad) > 0
    }

    fn count(&self, mark: Mark) -> usize {
        self.0.iter().flat_map(|(_, checks)| checks).filter(|check| check.mark == mark).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, checks) in self.0.iter().filter(|(_, checks)| !checks.is_empty()) {
            writeln!(f, "{title}")?;
            for Check { mark, name, what, fix } in checks {
                let mark = match mark {
                    Mark::Good => '✓',
                    Mark::Warn => '!',
                    Mark::Bad => '✗',
                };
                writeln!(f, "  {mark} {name}: {}", indented(what))?;
                if let Some(fix) = fix {
                    writeln!(f, "      fix: {}", indented(fix))?;
                }
            }
            writeln!(f)?;
        }
        let (good, warn, bad) = (self.count(Mark::Good), self.count(Mark::Warn), self.count(Mark::Bad));
        write!(f, "{good} fine")?;
        if warn > 0 {
            write!(f, ", {warn} to look at")?;
        }
        if bad > 0 {
            write!(f, ", {bad} to fix")?;
        }
        writeln!(f)
    }
}

/// Keeps what has several lines under its own line.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n           ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_reads_from_top_to_bottom_and_ends_with_its_sum() {
        let mut report = Report::default();
        report.add("Signalbox", vec![Check::good("store", "SQLite in a.db opens")]);
        report.add("Nothing", vec![]);
        report.add("GitHub", vec![Check::warn("a", "b", "c"), Check::bad("d", "e\nf", "g")]);
        insta::assert_snapshot!(report, @r"
        Signalbox
          ✓ store: SQLite in a.db opens

        GitHub
          ! a: b
              fix: c
          ✗ d: e
                   f
              fix: g

        1 fine, 1 to look at, 1 to fix
        ");
        assert!(report.is_bad());
        assert!(!Report::default().is_bad());
    }

    #[test]
    fn clocks_may_differ_a_little() {
        let marks = [0, 5, -6, 60, -61].map(|s| clock("GitHub", SignedDuration::from_secs(s)).mark());
        assert_eq!(marks, [Mark::Good, Mark::Good, Mark::Warn, Mark::Warn, Mark::Bad]);
        assert_eq!(clock("GitHub", SignedDuration::from_secs(-61)).what, "ours is 61 s behind");
    }
}
