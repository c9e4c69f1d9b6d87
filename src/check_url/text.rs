//! The answer for people.

use std::fmt::Write;

use signalbox_domain::database_url::{PartRead, Reading, Report, Told};

/// The answer. `variable`: where the address came from, which mostly is the secret's name, too.
pub(super) fn written(report: &Report, variable: Option<&str>, by_sed: bool) -> String {
    let mut out = String::new();
    let mut line = |text: &str| out.push_str(&format!("{}\n", text.trim_end()));
    line(&format!("address    {}", if report.address.is_empty() { "(empty)" } else { &report.address }));
    if let Some(right) = &report.should_be {
        line(&format!("should be  {right}"));
    }
    line("");
    if !report.meant.is_empty() {
        table(report).iter().for_each(|row| line(row));
        line("");
    }
    for reading in &report.readings {
        said(reading).iter().for_each(|said| line(said));
    }
    for Told { code, says, fix } in &report.flaws {
        line(&format!("✗ {code}: {says}\n    fix: {fix}"));
    }
    if !report.flawed {
        line("✓ every reader has it as it is meant");
        return out;
    }
    let name = variable.unwrap_or("NAME");
    line("");
    line(&format!("Set it anew with `gh secret set {name} --env ENVIRONMENT`, which asks for the value."));
    if report.readings.iter().any(|reading| reading.leaks) {
        line("Change the password too if a job has run with this address: its log shows a piece of it.");
    }
    if by_sed {
        line(
            "For good: let the job read it with Python's urlsplit and unquote instead of sed, and stop at an empty part.",
        );
    }
    out
}

/// Part by part, one column for each reader.
fn table(report: &Report) -> Vec<String> {
    let of_reader = |reading: &Reading, row: usize| match reading.parts.get(row) {
        None => "✗ error".to_owned(),
        Some(PartRead { right: true, .. }) => "✓".to_owned(),
        Some(PartRead { value, .. }) if value.is_empty() => "✗ (none)".to_owned(),
        Some(PartRead { value, .. }) => format!("✗ {value}"),
    };
    let mut rows = vec![["", "meant"].map(str::to_owned).to_vec()];
    rows[0].extend(report.readings.iter().map(|reading| reading.reader.clone()));
    for (number, part) in report.meant.iter().enumerate() {
        let meant = if part.value.is_empty() { "(none)" } else { &part.value };
        let mut row = vec![part.part.word().to_owned(), meant.to_owned()];
        row.extend(report.readings.iter().map(|reading| of_reader(reading, number)));
        rows.push(row);
    }
    let columns = rows[0].len();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let written = |row: &Vec<String>| {
        let mut text = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing into a string cannot fail.
            let _ = write!(text, "{cell:<width$}  ");
        }
        text
    };
    rows.iter().map(written).collect()
}

/// What comes of a reading that is not right.
fn said(reading: &Reading) -> Vec<String> {
    let mut lines = vec![];
    if let Some(log) = &reading.log {
        lines.push(format!("{}: the log will say", reading.reader));
        lines.push(format!("    {log}"));
    }
    if let Some(silent) = &reading.silent {
        lines.push(format!("{}: nothing in the log, but {silent}", reading.reader));
    }
    if reading.log.as_ref().is_some_and(|log| log.contains("/var/run/postgresql/")) {
        lines.push("    or nothing, where PGHOST is set: then another server is migrated, and the job is green".into());
    }
    if reading.leaks {
        lines.push("    which shows a piece of the password: GitHub masks a secret only as a whole".into());
    }
    lines
}
