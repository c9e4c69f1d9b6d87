//! Keeps an address with its password out of the process list and out of messages about options.

use std::ffi::OsString;
use std::process::ExitCode;

/// Where an address is looked for that the command line does not give.
pub(super) const VARIABLE: &str = "DATABASE_URL";

const NOT_SHOWN: &str = "(address not shown)";

/// Starts this program again in its own place, with the address moved from the arguments, which every user of
/// the machine can list, into the environment, which only the same user and root can. Returns where that is
/// not possible.
#[cfg(unix)]
pub(super) fn move_to_environment(address: &str) {
    use std::os::unix::process::CommandExt;
    let mut arguments = std::env::args_os();
    let (Some(name), Ok(program)) = (arguments.next(), std::env::current_exe()) else { return };
    let rest = without_url(arguments);
    // Comes back only when it failed; then the address stays where it is.
    let _ = std::process::Command::new(program).arg0(name).args(rest).env(VARIABLE, address).exec();
}

/// Other systems show a process's arguments to nobody else, or cannot replace a process.
#[cfg(not(unix))]
pub(super) fn move_to_environment(_address: &str) {}

fn without_url(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = Vec::new();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        if argument == "--url" {
            arguments.next();
        } else if !argument.as_encoded_bytes().starts_with(b"--url=") {
            kept.push(argument);
        }
    }
    kept
}

/// Prints what clap says of a command line it does not understand, or the help it was asked for, without any
/// address in it.
#[must_use]
pub fn refusal(error: &clap::Error) -> ExitCode {
    let arguments = std::env::args_os().filter_map(|argument| argument.into_string().ok());
    let text = masked(error.render().to_string(), arguments);
    if error.use_stderr() {
        eprint!("{text}");
    } else {
        print(&text);
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

#[expect(clippy::print_stdout, reason = "help that was asked for")]
fn print(text: &str) {
    print!("{text}");
}

fn masked(mut text: String, arguments: impl Iterator<Item = String>) -> String {
    for argument in arguments.filter(|argument| argument.contains("://")) {
        let value = argument.strip_prefix("--").and_then(|option| option.split_once('=')).map(|(_, value)| value);
        text = text.replace(value.unwrap_or(&argument), NOT_SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_taken_out_in_both_ways_of_writing_it() {
        let rest = |line: &str| without_url(line.split(' ').map(OsString::from));
        assert_eq!(rest("inspect drift --url postgres://u:p@h/d --limit 3"), ["inspect", "drift", "--limit", "3"]);
        assert_eq!(rest("inspect drift --url=postgres://u:p@h/d"), ["inspect", "drift"]);
    }

    #[test]
    fn a_message_about_options_repeats_no_address() {
        let arguments = ["inspect".to_owned(), "postgres://u:secret@h/d".to_owned(), "--ulr=pg://secret".to_owned()];
        let text = "unexpected argument 'postgres://u:secret@h/d', 'pg://secret'".to_owned();
        let masked = masked(text, arguments.into_iter());
        assert_eq!(masked, "unexpected argument '(address not shown)', '(address not shown)'");
    }
}
