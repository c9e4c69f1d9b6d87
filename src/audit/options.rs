//! What can be asked on the command line.

use std::path::PathBuf;

use jiff::{civil::Date, tz::TimeZone};
use signalbox_domain::{Timestamp, audit::Known};

/// What stands below the list of questions.
pub const AFTER_HELP: &str = "\
The store is the one that the configuration names, or SIGNALBOX_STORE alone; it is opened for reading only.

Exit codes: 0 it is whole, 1 it is damaged, 2 there is no answer.";

/// A question to the audit trail.
#[derive(Debug, clap::Subcommand)]
pub enum Question {
    /// Verify the whole trail, or a file that was exported or proven
    Verify(VerifyArguments),
    /// Write the trail of a range of time, for somebody who has only the file
    Export(ExportArguments),
    /// Write all that is recorded of a deployment, as JSON that can be verified without the store
    Prove {
        /// Its number, such as 42
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        deployment: i64,
    },
}

#[derive(Debug, clap::Args)]
pub struct VerifyArguments {
    /// Verify this file (JSON or CSV) instead of the store
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A row that is known from elsewhere, `412:9f86…` or its hash alone; may be given again
    #[arg(long, value_name = "HEAD")]
    pub head: Vec<Known>,
    /// A file with such rows, the last word of each line: the one that `[audit] file` names
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub heads: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct ExportArguments {
    /// From this day or time on, `2026-09-01` or `2026-09-01T08:00:00Z`; days are UTC
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<Timestamp>,
    /// Up to, and without, this day or time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
    /// How it is written; Markdown and PDF are for reading and cannot be verified by themselves
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A sheet for people, a section for each deployment
    Markdown,
    /// The same sheet to be printed and filed
    Pdf,
    /// Everything, for a spreadsheet
    Csv,
    /// Everything, for a program
    Json,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let time = text.parse().ok().or_else(|| if text.contains('T') { None } else { day() });
    time.ok_or_else(|| "expected a day such as 2026-09-01, or a time such as 2026-09-01T08:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_in_utc_and_times_name_their_zone() {
        let read = |text| time(text).map(|at| at.to_string());
        assert_eq!(read("2026-09-01").as_deref(), Ok("2026-09-01T00:00:00Z"));
        assert_eq!(read("2026-09-01T08:00:00+02:00").as_deref(), Ok("2026-09-01T06:00:00Z"));
        for wrong in ["", "yesterday", "2026-13-01", "2026-09-01T08:00:00", "2026-09"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
