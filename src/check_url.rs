//! `signalbox check-url`: says what a pipeline makes of a database's address, without ever showing its password.

mod text;

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use signalbox_domain::database_url::{Sed, SedError, examine};

use crate::config::Env;

/// What stands at the end of its help.
pub const AFTER_HELP: &str = "\
Examples:
  pass show uat/db-url | signalbox check-url
  signalbox check-url --variable UAT_DB_URL --workflow .github/workflows/12-uat-deployment.yml

Ends with 0 when the address is fine, 1 when something is to be mended, 2 when it could not be read.";

/// Something is to be mended.
const FLAWED: u8 = 1;
/// There is no answer.
const NO_ANSWER: u8 = 2;
/// Longer texts are no addresses; in bytes.
const LONGEST: u64 = 64 * 1024;

/// How it was asked. The address itself is no argument: whoever lists processes would see it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Read the address from this environment variable instead of standard input
    #[arg(long, value_name = "NAME")]
    variable: Option<String>,
    /// Take the address apart as this workflow file does with sed, instead of in the two usual ways
    #[arg(long, value_name = "FILE", conflicts_with = "no_sed")]
    workflow: Option<PathBuf>,
    /// The pipeline does not use sed: only Django and libpq read the address
    #[arg(long)]
    no_sed: bool,
    /// Answer in JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Why there is no answer. Messages never hold the address.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("standard input cannot be read as text: {0}")]
    Input(#[source] io::Error),
    #[error("standard input holds more than {LONGEST} bytes, which is no address")]
    TooLong,
    #[error("{0} is no name of a variable; an address belongs on standard input")]
    NotAName(&'static str),
    #[error("{} cannot be read: {source}", file.display())]
    Workflow { file: PathBuf, source: io::Error },
    #[error("{}: {source}", file.display())]
    Sed { file: PathBuf, source: SedError },
    #[error("the answer cannot be written: {0}")]
    Output(#[from] io::Error),
}

/// Answers on standard output. What is wrong is said on standard error.
#[must_use]
pub fn run(arguments: &Arguments, env: &Env) -> ExitCode {
    answer(arguments, env).unwrap_or_else(|fault| {
        eprintln!("signalbox: {fault}");
        ExitCode::from(NO_ANSWER)
    })
}

fn answer(arguments: &Arguments, env: &Env) -> Result<ExitCode, Fault> {
    let seds = match &arguments.workflow {
        _ if arguments.no_sed => vec![],
        None => Sed::usual(),
        Some(file) => {
            let source = |source| Fault::Workflow { file: file.clone(), source };
            let text = std::fs::read_to_string(file).map_err(source)?;
            let name = file.file_name().map_or_else(|| "sed".into(), |name| name.to_string_lossy());
            vec![Sed::of_workflow(&name, &text).map_err(|source| Fault::Sed { file: file.clone(), source })?]
        }
    };
    let report = examine(&address(arguments, env)?, &seds);
    let written = match arguments.json {
        // It holds nothing that JSON cannot.
        true => serde_json::to_string_pretty(&report).unwrap_or_default() + "\n",
        false => text::written(&report, arguments.variable.as_deref(), !seds.is_empty()),
    };
    match io::stdout().lock().write_all(written.as_bytes()) {
        // A reader that went away, such as `head`, has seen what it wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if report.flawed { ExitCode::from(FLAWED) } else { ExitCode::SUCCESS })
}

/// A variable that is not there is as one that is empty: that is how GitHub hands on a secret that it lacks.
fn address(arguments: &Arguments, env: &Env) -> Result<String, Fault> {
    if let Some(name) = &arguments.variable {
        if name.contains(['/', ':', '=']) {
            return Err(Fault::NotAName("what follows --variable"));
        }
        return Ok(env.get(name).unwrap_or_default().to_owned());
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text).map_err(Fault::Input)?;
    if u64::try_from(read).is_ok_and(|read| read > LONGEST) {
        return Err(Fault::TooLong);
    }
    // What prints an address mostly ends it with a line break, which `$(…)` and GitHub's own page take away.
    Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
}
