//! The one place that reads environment variables. Everybody else is given an [`Env`].

use std::{collections::BTreeMap, fmt, io, path::Path};

use secrecy::SecretString;

use super::problem::Problem;

/// Environment variables: the process's own, or a set that a test or the demo made up.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

/// A file of variables that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{file} cannot be read as lines of NAME=value")]
pub struct BadEnvFile {
    file: String,
    #[source]
    source: dotenvy::Error,
}

impl Env {
    /// The variables of this process. Those that are not UTF-8 are left out.
    #[must_use]
    pub fn process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// A set of variables of one's own.
    pub fn of<N: Into<String>, V: Into<String>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// Adds what stands in a `.env` file, if there is one. What is set already wins, as with other tools.
    ///
    /// # Errors
    /// [`BadEnvFile`] when the file is there and cannot be read.
    pub fn with_file(mut self, file: &Path) -> Result<Self, BadEnvFile> {
        let bad = |source| BadEnvFile { file: file.display().to_string(), source };
        let pairs = match dotenvy::from_path_iter(file) {
            Ok(pairs) => pairs,
            Err(dotenvy::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(self),
            Err(error) => return Err(bad(error)),
        };
        for pair in pairs {
            // The parser's own message repeats the line, which may well hold a secret.
            let (name, value) = pair.map_err(|error| match error {
                dotenvy::Error::LineParse(_, column) => {
                    bad(dotenvy::Error::LineParse("(not shown)".to_owned(), column))
                }
                other => bad(other),
            })?;
            self.0.entry(name).or_insert(value);
        }
        Ok(self)
    }

    /// A variable's value. Empty counts as not set, because compose files and unit files set empty ones.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.trim().is_empty())
    }

    /// A secret from the variable `NAME`, or from the file that `NAME_FILE` names.
    pub(super) fn secret(&self, name: &str) -> Result<Option<SecretString>, Problem> {
        let file_variable = format!("{name}_FILE");
        let problem = |what: String, expected: String| Problem::of_variable(what, expected, secret_example(name));
        match (self.get(name), self.get(&file_variable)) {
            (None, None) => Ok(None),
            (Some(value), None) => Ok(Some(value.trim().into())),
            (Some(_), Some(_)) => Err(problem(
                format!("{name} and {file_variable} are both set"),
                "one of them, so that nobody has to guess which one counts".to_owned(),
            )),
            (None, Some(file)) => match std::fs::read_to_string(file) {
                Ok(text) if text.trim().is_empty() => Err(problem(
                    format!("{file_variable} names {file}, which is empty"),
                    "a file that holds the secret and nothing else".to_owned(),
                )),
                Ok(text) => Ok(Some(text.trim().into())),
                Err(error) => Err(problem(
                    format!("{file_variable} names {file}, which cannot be read: {error}"),
                    "a text file that the user Signalbox runs as may read".to_owned(),
                )),
            },
        }
    }
}

/// What to write for a secret, as an example.
pub(super) fn secret_example(name: &str) -> String {
    format!("{name}_FILE=/run/secrets/{}", name.to_ascii_lowercase().replace('_', "-"))
}

impl fmt::Debug for Env {
    /// Names only: most values are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Env").field(&self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_secret_comes_from_the_variable_or_from_the_file_it_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "from the file\n").unwrap();
        let env = Env::of([("A", "direct".to_owned()), ("B_FILE", file.display().to_string()), ("C", "  ".to_owned())]);
        let read = |name| env.secret(name).unwrap().map(|secret| secret.expose_secret().to_owned());
        assert_eq!(read("A").as_deref(), Some("direct"));
        assert_eq!(read("B").as_deref(), Some("from the file"));
        assert_eq!(read("C"), None, "an empty variable is one that is not set");
        assert_eq!(format!("{env:?}"), r#"Env(["A", "B_FILE", "C"])"#);
    }

    #[test]
    fn what_is_set_wins_over_the_env_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        std::fs::write(&file, "# comment\nA=file\nB='with $dollar'\n").unwrap();
        let env = Env::of([("A", "process")]).with_file(&file).unwrap();
        assert_eq!((env.get("A"), env.get("B")), (Some("process"), Some("with $dollar")));
        assert!(Env::default().with_file(&folder.path().join("none")).is_ok());
    }

    #[test]
    fn a_broken_env_file_is_named_and_its_secret_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        std::fs::write(&file, "TOKEN='hunter2\n").unwrap();
        let bad = Env::default().with_file(&file).unwrap_err();
        assert!(bad.to_string().contains(".env"));
        assert!(!format!("{bad:?}").contains("hunter2"), "{bad:?}");
    }
}
