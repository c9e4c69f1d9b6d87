//! Addresses of databases: what readers make of them, and how they should be.
//!
//! A pipeline that takes `postgresql://user:password@host:port/name` apart with `sed` gets a wrong part for many
//! addresses that Django and libpq read well, and prints no error: the first sign is a line of the migration job's log
//! that speaks of something else, or none. Here every reader's reading stands beside what was meant.
//!
//! The password is never shown, nor any piece of it that a reader takes for a host or a name: each character of the
//! text remembers whether it is of the password, wherever it is carried to.

mod flaw;
mod meant;
mod outcome;
mod readers;
mod sed;
mod shaded;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use self::{
    flaw::Flaw,
    sed::{Sed, SedError, Substitution},
};
use self::{
    meant::Meant,
    outcome::{Caller, Outcome},
    readers::Read,
    shaded::Shaded,
};

/// A part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The role.
    User,
    /// Its password.
    Password,
    /// The server, or several with commas.
    Host,
    /// Its port.
    Port,
    /// The database.
    Name,
}

/// All of them, in the order of the address.
pub const PARTS: [Part; 5] = [Part::User, Part::Password, Part::Host, Part::Port, Part::Name];

impl Part {
    /// As people call it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Password => "password",
            Self::Host => "host",
            Self::Port => "port",
            Self::Name => "database",
        }
    }

    /// Which part a variable such as `DB_HOST` holds.
    fn of_variable(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let holds = |any: &[&str]| any.iter().any(|word| name.contains(word));
        if holds(&["USER", "ROLE"]) {
            Some(Self::User)
        } else if holds(&["PASS", "PWD"]) {
            Some(Self::Password)
        } else if holds(&["HOST", "SERVER"]) {
            Some(Self::Host)
        } else if holds(&["PORT"]) {
            Some(Self::Port)
        } else if holds(&["NAME", "DATABASE"]) || name.ends_with("DB") {
            Some(Self::Name)
        } else {
            None
        }
    }
}

/// The parts as somebody reads them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Parts {
    user: Shaded,
    password: Shaded,
    host: Shaded,
    port: Shaded,
    name: Shaded,
}

impl Parts {
    fn get(&self, part: Part) -> &Shaded {
        match part {
            Part::User => &self.user,
            Part::Password => &self.password,
            Part::Host => &self.host,
            Part::Port => &self.port,
            Part::Name => &self.name,
        }
    }

    fn get_mut(&mut self, part: Part) -> &mut Shaded {
        match part {
            Part::User => &mut self.user,
            Part::Password => &mut self.password,
            Part::Host => &mut self.host,
            Part::Port => &mut self.port,
            Part::Name => &mut self.name,
        }
    }

    fn all_mut(&mut self) -> [&mut Shaded; 5] {
        [&mut self.user, &mut self.password, &mut self.host, &mut self.port, &mut self.name]
    }
}

/// A part as a reader has it. Holds nothing of the password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartRead {
    /// Which.
    pub part: Part,
    /// What it is taken to be; of a password only how it compares.
    pub value: String,
    /// Whether that is what was meant.
    pub right: bool,
}

/// What a reader makes of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// Who reads.
    pub reader: String,
    /// Part by part; nothing where it ends with an error at once.
    pub parts: Vec<PartRead>,
    /// Whether all is as it was meant.
    pub right: bool,
    /// What the log then says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// What goes wrong without the log saying so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
    /// Whether that line shows a piece of the password, which GitHub masks only as a whole.
    pub leaks: bool,
}

/// A flaw with its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// A word for programs.
    pub code: &'static str,
    /// A sentence about it.
    pub says: String,
    /// What to do.
    pub fix: String,
}

/// All that is known of an address. Holds nothing of its password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The address, with `•••` for what is secret.
    pub address: String,
    /// Whether anything is to be mended.
    pub flawed: bool,
    /// What was meant, part by part; empty where there is no address.
    pub meant: Vec<PartRead>,
    /// What each reader makes of it.
    pub readings: Vec<Reading>,
    /// What is not as it should be.
    pub flaws: Vec<Told>,
    /// The address as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub should_be: Option<String>,
}

/// Says what readers make of an address. `seds`: the ways in which the pipeline's `sed` may take it apart; none where
/// it does not.
#[must_use]
pub fn examine(text: &str, seds: &[Sed]) -> Report {
    let meant = Meant::of(text);
    let mut readings: Vec<Reading> =
        seds.iter().map(|sed| reading(&sed.name, Ok(sed.read(&meant.text)), &meant, Caller::Sed)).collect();
    readings.push(reading("Django", readers::django(&meant.text), &meant, Caller::Django));
    readings.push(reading("libpq", readers::libpq(&meant.text), &meant, Caller::Libpq));
    let counts = |flaw: &&Flaw| !seds.is_empty() || !flaw.is_for_sed_alone();
    let told = |flaw: &Flaw| Told { code: flaw.code(), says: flaw.says(), fix: flaw.fix() };
    let flaws: Vec<Told> = meant.flaws.iter().filter(counts).map(told).collect();
    let flawed = !flaws.is_empty() || readings.iter().any(|reading| !reading.right);
    let parts = |is_address: bool| if is_address { part_reads(&meant.parts, &meant) } else { vec![] };
    Report {
        address: meant.text.to_string(),
        flawed,
        meant: parts(meant.is_address()),
        readings,
        flaws,
        should_be: meant.is_address().then(|| meant.right()),
    }
}

fn reading(reader: &str, read: Read, meant: &Meant, caller: Caller) -> Reading {
    let (parts, outcome) = match &read {
        Ok(parts) => (part_reads(parts, meant), outcome::of(parts, meant, caller)),
        Err(error) => (vec![], Outcome::Fails(error.clone())),
    };
    let leaks = matches!(&outcome, Outcome::Fails(says) if says.has_secrets());
    let right = outcome == Outcome::Right && parts.iter().all(|part| part.right);
    let (log, silent) = match outcome {
        Outcome::Right => (None, None),
        Outcome::Fails(says) => (Some(says.to_string()), None),
        Outcome::Silent(what) => (None, Some(what)),
    };
    Reading { reader: reader.to_owned(), parts, right, log, silent, leaks }
}

fn part_reads(parts: &Parts, meant: &Meant) -> Vec<PartRead> {
    let one = |part: Part| {
        let read = parts.get(part);
        let right = meant.agrees(part, read) && meant.is_address();
        let value = if part == Part::Password { compared(read, meant) } else { read.to_string() };
        PartRead { part, value, right }
    };
    PARTS.map(one).into()
}

/// How a password compares to the one that is meant.
fn compared(read: &Shaded, meant: &Meant) -> String {
    let (read, meant) = (read.clone(), &meant.parts.password);
    let word = match read {
        read if read.is_empty() => "(none)",
        read if read == *meant || read.raw() == meant.raw() => "•••",
        read if read.unquoted().raw() == meant.raw() => "••• (left encoded)",
        read if meant.raw().starts_with(&read.raw()) => "••• (cut short)",
        _ => "••• (another one)",
    };
    word.to_owned()
}
