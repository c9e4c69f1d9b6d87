//! Rows as tables: CSV for sheets and for verifying, Markdown for reading.

use std::{collections::HashMap, fmt::Write};

use super::{Content, File, Head, Row, file::Line, file::Says, time};
use crate::effect::Entry;

const COLUMNS: [&str; 9] = ["seq", "at", "actor", "action", "subject", "detail", "record", "previous", "hash"];
/// A sheet takes a cell that begins so for a formula.
const FORMULA: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\''];

/// One line for each row that is not sealed.
pub(super) fn csv(file: &File) -> String {
    let mut text = COLUMNS.join(",") + "\r\n";
    for row in &file.rows {
        let Content::Open { entry, record } = &row.content else { continue };
        let record = record.map(|hash| hash.to_string()).unwrap_or_default();
        let Entry { at, actor, action, subject, detail } = entry;
        let (seq, previous, hash) = (row.seq.to_string(), row.previous.to_string(), row.hash.to_string());
        let cells = [&seq, &time(*at), actor, action, subject, detail, &record, &previous, &hash];
        text.push_str(&cells.map(|cell| quoted(cell)).join(","));
        text.push_str("\r\n");
    }
    text
}

fn quoted(cell: &str) -> String {
    let apostrophe = if cell.starts_with(FORMULA) { "'" } else { "" };
    format!("\"{apostrophe}{}\"", cell.replace('"', "\"\""))
}

/// Reads what [`csv`] wrote.
pub(super) fn read(text: &str) -> Result<File, String> {
    let mut lines = cells(text)?.into_iter();
    let header = lines.next().unwrap_or_default();
    if header != COLUMNS {
        return Err(format!("its first line is not {}", COLUMNS.join(",")));
    }
    let rows = lines.map(row).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = rows.first() else { return Err("it has no rows".into()) };
    let before = Head { seq: first.seq - 1, hash: first.previous };
    Ok(File::stretch("a table".into(), before, rows, jiff::Timestamp::UNIX_EPOCH))
}

fn row(cells: Vec<String>) -> Result<Row, String> {
    let count = cells.len();
    let Ok([seq, at, actor, action, subject, detail, record, previous, hash]) = <[String; 9]>::try_from(cells) else {
        return Err(format!("a line has {count} cells instead of {}", COLUMNS.len()));
    };
    let told = |error: &dyn std::fmt::Display| format!("row {seq:?}: {error}");
    let record = (!record.is_empty()).then(|| record.try_into()).transpose();
    let says = Says::Open { at, actor, action, detail, record: record.map_err(|error| told(&error))? };
    let line = Line {
        seq: seq.parse().map_err(|error| told(&error))?,
        subject,
        says,
        previous: previous.try_into().map_err(|error| told(&error))?,
        hash: hash.try_into().map_err(|error| told(&error))?,
    };
    line.try_into().map_err(|error| told(&error))
}

/// The cells of each line (RFC 4180), also as a sheet writes them back: without quotes where none are needed.
fn cells(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut lines, mut line, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut inside = false;
    let mut characters = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if inside && characters.peek() == Some(&'"') => cell.extend(characters.next()),
            '"' => inside = !inside,
            ',' | '\n' if !inside => {
                line.push(bare(std::mem::take(&mut cell), character == '\n'));
                if character == '\n' {
                    lines.push(std::mem::take(&mut line));
                }
            }
            other => cell.push(other),
        }
    }
    if inside {
        return Err("it ends within quotes".into());
    }
    if !line.is_empty() || !cell.is_empty() {
        line.push(bare(cell, true));
        lines.push(line);
    }
    Ok(lines)
}

/// A cell without what was put around it.
fn bare(mut cell: String, last: bool) -> String {
    if last && cell.ends_with('\r') {
        cell.pop();
    }
    if cell.strip_prefix('\'').is_some_and(|rest| rest.starts_with(FORMULA)) {
        cell.remove(0);
    }
    cell
}

/// The rows by subject, in the order in which those come up.
pub(super) fn sections(file: &File) -> Vec<(&str, Vec<(i64, &Entry)>)> {
    let mut sections: Vec<(&str, Vec<(i64, &Entry)>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (seq, entry) in file.rows.iter().filter_map(|row| Some((row.seq, row.entry()?))) {
        let place = *places.entry(&entry.subject).or_insert(sections.len());
        if place == sections.len() {
            sections.push((&entry.subject, Vec::new()));
        }
        sections[place].1.push((seq, entry));
    }
    sections
}

/// A section for each subject.
pub(super) fn markdown(file: &File) -> String {
    let mut text = format!("# Audit trail: {}\n\n", plain(&file.about));
    let _ = writeln!(
        text,
        "Made {} by Signalbox. {} rows follow `{}`; the last is\n`{}`\n\n\
         This sheet is for reading. `signalbox audit verify --file` verifies the same range exported as JSON or CSV; \
         compare the last hash with what was posted in the channel for the audit trail.",
        time(file.made_at),
        file.rows.len(),
        file.before,
        file.head
    );
    for (subject, entries) in sections(file) {
        let _ =
            write!(text, "\n## {}\n\n| row | at | who | what | in words |\n|---|---|---|---|---|\n", plain(subject));
        for (seq, Entry { at, actor, action, detail, .. }) in entries {
            let [actor, action] = [actor, action].map(|cell| plain(cell));
            let detail = detail.lines().map(plain).collect::<Vec<_>>().join("<br>");
            let _ = writeln!(text, "| {seq} | {} | {actor} | {action} | {detail} |", time(*at));
        }
    }
    text
}

/// Text from outside that stays within its cell and means nothing to Markdown.
fn plain(text: &str) -> String {
    let mut safe = String::new();
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' | '!' => {
                safe.extend(['\\', character]);
            }
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}
