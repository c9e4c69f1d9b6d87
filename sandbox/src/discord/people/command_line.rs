//! Reads a command line against the registered commands, the way Discord's client does.

use serde_json::{Value, json};

use super::Refused;
use crate::discord::id::Id;
use crate::discord::state::{Command, State};
use crate::discord::validate::{list, text};

const SUBCOMMAND: u64 = 1;
const GROUP: u64 = 2;

/// The commands that can be typed.
pub(super) struct Line<'a> {
    commands: &'a [Command],
}

/// A command line that was read.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) command: Command,
    /// The command with its subcommands, such as `lock set`.
    pub(super) full_name: String,
    /// Subcommand group and subcommand, outermost first, with their types.
    path: Vec<(String, u64)>,
    values: Vec<Filled>,
}

#[derive(Debug)]
struct Filled {
    name: String,
    kind: u64,
    value: Value,
}

/// A piece of the line between blanks; quotes hold blanks together and are dropped.
#[derive(Debug, PartialEq, Eq)]
struct Word {
    text: String,
    /// Where the text came out of quotes, a colon in it separates nothing.
    quoted: bool,
}

impl<'a> Line<'a> {
    pub(super) fn new(commands: &'a [Command]) -> Self {
        Self { commands }
    }

    /// Reads a line that is to be sent: all required options there, all values fitting.
    pub(super) fn finished(&self, line: &str, state: &State) -> Result<Typed, Refused> {
        let (mut typed, options, words) = self.start(line)?;
        let given = assign(&options, &words)?;
        for (option, given) in options.iter().zip(given) {
            match given {
                Some(given) => typed.values.push(Filled {
                    name: text(option, "name").to_owned(),
                    kind: kind(option),
                    value: convert(option, &given, state)?,
                }),
                None if option["required"] == json!(true) => {
                    return Err(Refused::new(format!(
                        "{}: This option is required. Specify a value",
                        text(option, "name")
                    )));
                }
                None => {}
            }
        }
        Ok(typed)
    }

    /// Reads a line that is still being typed; its last option is the one with the cursor.
    pub(super) fn unfinished(&self, line: &str, state: &State) -> Result<Typed, Refused> {
        let (mut typed, options, mut words) = self.start(line)?;
        if words.is_empty() || line.ends_with(' ') {
            words.push(Word { text: String::new(), quoted: false });
        }
        let before = assign(&options, &words[..words.len() - 1])?;
        let all = assign(&options, &words)?;
        let focused = (0..options.len())
            .find(|index| before[*index] != all[*index])
            .ok_or_else(|| Refused::new("no option is being typed"))?;
        if options[focused]["autocomplete"] != json!(true) {
            let name = text(&options[focused], "name");
            return Err(Refused::new(format!("{name} gives no suggestions")));
        }
        for (index, (option, given)) in options.iter().zip(all).enumerate() {
            let Some(given) = given else { continue };
            let value = if index == focused { json!(given) } else { convert(option, &given, state)? };
            typed.values.push(Filled { name: text(option, "name").to_owned(), kind: kind(option), value });
        }
        // The focused option comes last, where `data` marks it.
        let name = text(&options[focused], "name");
        typed.values.sort_by_key(|filled| filled.name == name);
        Ok(typed)
    }

    fn start(&self, line: &str) -> Result<(Typed, Vec<Value>, Vec<Word>), Refused> {
        let mut words = words(line).into_iter().peekable();
        let first = words.next().map(|word| word.text).unwrap_or_default();
        let name = first.strip_prefix('/').ok_or_else(|| Refused::new("a command starts with /"))?;
        let command = self
            .commands
            .iter()
            .find(|command| command.kind() == 1 && command.name() == name)
            .ok_or_else(|| self.unknown(name))?
            .clone();
        let mut options = list(&command.definition, "options").to_vec();
        let mut path = Vec::new();
        let mut full_name = name.to_owned();
        while options.iter().any(|o| matches!(kind(o), SUBCOMMAND | GROUP)) {
            let step = words.next().map(|word| word.text).unwrap_or_default();
            let chosen = options
                .iter()
                .find(|option| text(option, "name") == step)
                .ok_or_else(|| Refused::new(format!("/{full_name} has no subcommand “{step}”")))?;
            path.push((step.clone(), kind(chosen)));
            full_name = format!("{full_name} {step}");
            options = list(chosen, "options").to_vec();
        }
        let typed = Typed { command, full_name, path, values: Vec::new() };
        Ok((typed, options, words.collect()))
    }

    fn unknown(&self, name: &str) -> Refused {
        let known: Vec<String> = self.commands.iter().map(|command| format!("/{}", command.name())).collect();
        Refused::new(format!(
            "there is no command /{name} here; there is {}",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        ))
    }
}

impl Typed {
    /// The interaction's `data`; with `suggesting`, the last option has the cursor.
    pub(super) fn data(&self, state: &State, suggesting: bool) -> Value {
        let mut options: Vec<Value> = self
            .values
            .iter()
            .map(|filled| json!({ "name": filled.name, "type": filled.kind, "value": filled.value }))
            .collect();
        if let Some(last) = options.last_mut().filter(|_| suggesting) {
            last["focused"] = json!(true);
        }
        for (name, kind) in self.path.iter().rev() {
            options = vec![json!({ "name": name, "type": kind, "options": options })];
        }
        let mut data = json!({
            "id": self.command.id,
            "name": self.command.name(),
            "type": 1,
        });
        if !options.is_empty() {
            data["options"] = json!(options);
        }
        if let Some(guild) = self.command.guild {
            data["guild_id"] = json!(guild);
        }
        let of = |kinds: &[u64]| -> Vec<Id> {
            self.values
                .iter()
                .filter(|filled| kinds.contains(&filled.kind))
                .filter_map(|filled| filled.value.as_str()?.parse().ok())
                .collect()
        };
        let resolved = state.resolved(&of(&[6, 9]), &of(&[8, 9]), &of(&[7]));
        if resolved.as_object().is_some_and(|map| !map.is_empty()) {
            data["resolved"] = resolved;
        }
        data
    }
}

fn kind(option: &Value) -> u64 {
    option["type"].as_u64().unwrap_or_default()
}

fn words(line: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut text = String::new();
    let (mut inside, mut started, mut quoted) = (false, false, false);
    for c in line.chars() {
        match c {
            '"' => {
                quoted |= text.is_empty() && !inside;
                inside = !inside;
                started = true;
            }
            c if c.is_whitespace() && !inside => {
                if started {
                    words.push(Word { text: std::mem::take(&mut text), quoted });
                }
                (started, quoted) = (false, false);
            }
            c => {
                text.push(c);
                started = true;
            }
        }
    }
    if started {
        words.push(Word { text, quoted });
    }
    words
}

/// Which option gets which text.
fn assign(options: &[Value], words: &[Word]) -> Result<Vec<Option<String>>, Refused> {
    let mut given = vec![None; options.len()];
    for word in words {
        let by_name = word.text.split_once(':').and_then(|(name, rest)| {
            let index = options.iter().position(|o| text(o, "name") == name)?;
            Some((index, rest.to_owned()))
        });
        let by_name = by_name.filter(|_| !word.quoted);
        let free = given.iter().position(Option::is_none);
        let (index, value) = by_name
            .or_else(|| free.map(|index| (index, word.text.clone())))
            .ok_or_else(|| Refused::new(format!("“{}” is one word too many", word.text)))?;
        given[index] = Some(value);
    }
    Ok(given)
}

fn convert(option: &Value, given: &str, state: &State) -> Result<Value, Refused> {
    let name = text(option, "name");
    let wrong = |why: &str| Refused::new(format!("{name}: {why}"));
    let choices = list(option, "choices");
    if !choices.is_empty() {
        return choices
            .iter()
            .find(|choice| text(choice, "name") == given || plain(&choice["value"]) == given)
            .map(|choice| choice["value"].clone())
            .ok_or_else(|| wrong("This option is invalid. Choose one of the list"));
    }
    match kind(option) {
        3 => within_length(option, given).map_err(|why| wrong(&why)),
        4 => given.parse::<i64>().map_err(|_| wrong("Input a valid integer.")).and_then(|number| {
            #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
            within_bounds(option, number as f64).map_err(|why| wrong(&why))?;
            Ok(json!(number))
        }),
        5 => given.to_lowercase().parse::<bool>().map(Value::from).map_err(|_| wrong("Input true or false.")),
        6 => state.person(given).map(|id| json!(id)).map_err(|_| wrong("Input a valid user.")),
        7 => state.place(given).map(|id| json!(id)).map_err(|_| wrong("Input a valid channel.")),
        8 => state
            .role_named(given.trim_start_matches('@'))
            .map(|id| json!(id))
            .ok_or_else(|| wrong("Input a valid role.")),
        9 => state
            .person(given)
            .ok()
            .or_else(|| state.role_named(given.trim_start_matches('@')))
            .map(|id| json!(id))
            .ok_or_else(|| wrong("Input a valid user or role.")),
        10 => given.parse::<f64>().map_err(|_| wrong("Input a valid number.")).and_then(|number| {
            within_bounds(option, number).map_err(|why| wrong(&why))?;
            Ok(json!(number))
        }),
        _ => Err(wrong("A file cannot be typed.")),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn within_length(option: &Value, given: &str) -> Result<Value, String> {
    let length = given.chars().count() as u64;
    let least = option["min_length"].as_u64().unwrap_or(0);
    let most = option["max_length"].as_u64().unwrap_or(6000);
    if length < least {
        return Err(format!("Must be {least} or more in length."));
    }
    if length > most {
        return Err(format!("Must be {most} or fewer in length."));
    }
    Ok(json!(given))
}

fn within_bounds(option: &Value, number: f64) -> Result<(), String> {
    if let Some(least) = option["min_value"].as_f64().filter(|least| number < *least) {
        return Err(format!("Must be at least {least}."));
    }
    if let Some(most) = option["max_value"].as_f64().filter(|most| number > *most) {
        return Err(format!("Must be at most {most}."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy() -> Vec<Value> {
        vec![
            json!({ "name": "environment", "type": 3, "required": true }),
            json!({ "name": "ref", "type": 3 }),
            json!({ "name": "note", "type": 3 }),
        ]
    }

    #[test]
    fn words_fill_in_order_and_names_pick() {
        let given = assign(&deploy(), &words("uat note:\"hello: world\" feature:x")).unwrap();
        let given: Vec<_> = given.iter().map(Option::as_deref).collect();
        assert_eq!(given, [Some("uat"), Some("feature:x"), Some("hello: world")]);
    }

    #[test]
    fn a_quoted_word_is_never_a_name() {
        let given = assign(&deploy(), &words("\"note:x\"")).unwrap();
        assert_eq!(given[0].as_deref(), Some("note:x"));
    }

    #[test]
    fn one_word_too_many_is_refused() {
        let refused = assign(&deploy(), &words("a b c d")).unwrap_err();
        assert_eq!(refused.0, "“d” is one word too many");
    }
}
