//! `inspect blame`: since when an object is as it is, looked up among snapshots.

use std::process::ExitCode;

use jiff::Timestamp;
use signalbox_tenants::snapshot::{Blame, Turn, Turned};

use super::{
    Fault,
    options::{BlameArguments, ListFormat},
    write,
};

/// No database is asked.
pub(super) fn answer(arguments: &BlameArguments) -> Result<ExitCode, Fault> {
    let store = arguments.folder.store().ok_or(Fault::NoFolder)?;
    let blame = store.blame(arguments.object.trim())?;
    match blame {
        Blame::NoSnapshots => return Err(Fault::NoSnapshot("yet; --save keeps one".to_owned())),
        Blame::NoSchema { latest } => {
            return Err(Fault::NoSchemaThen { object: arguments.object.clone(), at: latest.to_string() });
        }
        _ => {}
    }
    write(&match arguments.format {
        ListFormat::Text => text(&arguments.object, &blame),
        ListFormat::Json => serde_json::to_string_pretty(&blame).unwrap_or_default() + "\n",
    })?;
    Ok(ExitCode::SUCCESS)
}

fn text(sought: &str, blame: &Blame) -> String {
    match blame {
        Blame::NoSnapshots | Blame::NoSchema { .. } => String::new(),
        Blame::Never { schema, oldest, latest } => {
            format!("{sought} is in no snapshot of {schema} from {} to {}\n", at(oldest), at(latest))
        }
        Blame::Always { schema, objects, oldest } => {
            format!("{} of {schema} is as it is since the oldest snapshot, {}\n", objects.join(", "), at(oldest))
        }
        Blame::Turned(turned) => turned_text(turned),
    }
}

fn turned_text(turned: &Turned) -> String {
    let Turned { schema, objects, turn, before, first, changes, .. } = turned;
    let how = match turn {
        Turn::Came => "came",
        Turn::Went => "went",
        Turn::Changed => "changed",
        Turn::SchemaCame => "came with its schema",
    };
    let mut text = format!(
        "{} of {schema} {how}\n  the last snapshot before:  {}\n  the first one after:       {}\n",
        objects.join(", "),
        at(before),
        at(first)
    );
    for change in changes {
        text.push_str(&format!("  {change}\n"));
    }
    text
}

fn at(time: &Timestamp) -> String {
    format!("{time:.0}")
}
