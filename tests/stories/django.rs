//! A real project of Django and django-tenants, to be broken and run as a runner does; and fleets that it migrated.

use std::{
    fs,
    io::BufRead as _,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{Arc, LazyLock, Mutex},
};

use signalbox_domain::log::{Classifier, Grade, Log, Redactor, Rules};
use signalbox_sandbox::{
    github::RunHandle,
    postgres::{self, Database, Postgres},
};
use sqlx::{Connection, PgConnection};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
    sync::OnceCell,
};
use url::Url;

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tenants/tests/django");
pub const VENV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/django-venv");
pub const MIGRATE: &str = "python manage.py migrate_schemas --tenant --noinput";
/// How many tenants a fleet has.
pub const FLEET: usize = 32;
/// How a real pipeline takes an address apart, and gets it wrong.
pub const PARSE: &str = r#"export DB_USER=$(echo "$DATABASE_URL" | sed -n 's|postgresql://\([^:]*\):.*|\1|p')
export DB_PASSWORD=$(echo "$DATABASE_URL" | sed -n 's|postgresql://[^:]*:\([^@]*\)@.*|\1|p')
export DB_HOST=$(echo "$DATABASE_URL" | sed -n 's|postgresql://[^@]*@\([^:]*\):.*|\1|p')
export DB_PORT=$(echo "$DATABASE_URL" | sed -n 's|.*:\([0-9]*\)/.*|\1|p')
export DB_NAME=$(echo "$DATABASE_URL" | sed -n 's|.*/\([^?]*\).*|\1|p')
echo "Parsed database configuration:"
echo "  Host: $DB_HOST"
echo "  Port: $DB_PORT"
echo "  Name: $DB_NAME"
echo "  User: $DB_USER"
"#;
/// What a real pipeline then does: it is green whatever came of it.
pub const PIPELINE: &str = r#"python manage.py migrate_schemas --shared --fake-initial --noinput || { echo "migrate_schemas not available, falling back to standard migrate"; python manage.py migrate --fake-initial --noinput; }
python manage.py create_super_tenant --no-input --verbosity=1 || echo "⚠ create_super_tenant command failed or not available"
python manage.py migrate_schemas --tenant --noinput || echo "⚠ migrate_schemas --tenant failed or not available"
echo "✓ Migrations completed successfully""#;
/// The same project, with the parts of its address in variables.
const PARTS: &str = r#"
import os
os.environ["DATABASE_URL"] = "postgres://x@h/d"
from settings import *
parts = {key: os.environ.get("DB_" + key, "") for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}
DATABASES = {"default": {"ENGINE": os.environ.get("DB_ENGINE", "django_tenants.postgresql_backend"), **parts}}
"#;
const WITHOUT_TENANTS: &str = "
from parts import *
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != 'django_tenants']
DATABASE_ROUTERS = []
";

static CLASSIFIER: LazyLock<Arc<Classifier>> =
    LazyLock::new(|| Arc::new(Classifier::new(Rules::new(vec![]).unwrap(), Redactor::default())));

/// A copy of the project, to be broken.
pub struct Project {
    pub folder: TempDir,
    pub database: Arc<Database>,
    variables: Vec<(&'static str, String)>,
    by_itself: bool,
}

/// How a step ended.
pub struct Ran {
    pub code: i32,
    /// The log as GitHub serves it.
    pub text: String,
    /// What the classifier reads in it.
    pub log: Log,
    printed: Vec<String>,
}

impl Project {
    /// The project, with a database of `public`, `super_tenant`, `acme` and `globex` that is fully migrated.
    pub async fn new() -> Self {
        let database = Postgres::shared().await.unwrap().fresh_copy(&template().await).await.unwrap();
        Self::over(Arc::new(database))
    }

    /// The project, with a database of [`FLEET`] tenants, `super_tenant` first, that are fully migrated.
    pub async fn fleet() -> Self {
        let database = Postgres::shared().await.unwrap().fresh_copy(&fleet().await).await.unwrap();
        Self::over(Arc::new(database))
    }

    pub fn over(database: Arc<Database>) -> Self {
        let folder = TempDir::new().unwrap();
        for file in files(Path::new(PROJECT)) {
            let to = folder.path().join(file.strip_prefix(PROJECT).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&file, to).unwrap();
        }
        fs::write(folder.path().join("parts.py"), PARTS).unwrap();
        fs::write(folder.path().join("without_tenants.py"), WITHOUT_TENANTS).unwrap();
        let variables = vec![("DATABASE_URL", database.url.clone()), ("DJANGO_SETTINGS_MODULE", "settings".into())];
        Self { folder, database, variables, by_itself: false }
    }

    /// What Signalbox asks the database with: it only reads.
    pub async fn reader(&self) -> String {
        Postgres::shared().await.unwrap().reader_url(&self.database.name)
    }

    /// The same with a variable set.
    pub fn with(&mut self, name: &'static str, value: impl Into<String>) -> &mut Self {
        self.variables.push((name, value.into()));
        self
    }

    /// From now on each start of Django does its own imports.
    pub fn by_itself(&mut self) -> &mut Self {
        self.by_itself = true;
        self
    }

    /// The right address in its parts, as the settings `parts` take it.
    pub fn in_parts(&mut self) {
        let (url, name) = (Url::parse(&self.database.url).unwrap(), self.database.name.clone());
        self.with("DB_HOST", "127.0.0.1").with("DB_PORT", url.port().unwrap().to_string()).with("DB_NAME", name);
        self.with("DB_USER", url.username()).with("DB_PASSWORD", url.password().unwrap());
    }

    /// Adds a migration to `support`.
    pub fn migration(&self, name: &str, after: &str, operation: &str) -> &Self {
        let text = format!(
            "from django.db import migrations\n\nclass Migration(migrations.Migration):\n    \
             dependencies = [('support', '{after}')]\n    operations = [{operation}]\n"
        );
        fs::write(self.folder.path().join(format!("support/migrations/{name}.py")), text).unwrap();
        self
    }

    /// Adds a migration that says this to the database.
    pub fn sql(&self, statements: &str) -> &Self {
        self.migration("0002_more", "0001_initial", &format!("migrations.RunSQL(\"\"\"{statements}\"\"\")"))
    }

    pub async fn says(&self, statements: &str) {
        let mut connection = PgConnection::connect(&self.database.url).await.unwrap();
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Runs a script as the runner does, and reads what it printed.
    pub async fn runs(&self, script: &str) -> Ran {
        let file = self.folder.path().join("step.sh");
        fs::write(&file, format!("export PATH=\"{}/bin:$PATH\"\n{script}\n", venv())).unwrap();
        let mut command = Command::new("bash");
        command.arg("-e").arg(&file).current_dir(self.folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).kill_on_drop(true);
        if !self.by_itself {
            command.env("DJANGO_WARM", warm().await);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let printed = Mutex::new(Vec::new());
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (status, ..) = tokio::join!(child.wait(), pump(out, &printed), pump(err, &printed));
        let code = status.unwrap().code().unwrap();
        let printed = printed.into_inner().unwrap();
        let text = as_github(script, &printed, code);
        let mut reader = CLASSIFIER.reader(code != 0);
        reader.push(text.as_bytes());
        let ran = Ran { code, log: reader.finish(), text, printed };
        let password = Url::parse(&self.database.url).unwrap().password().unwrap().to_owned();
        assert!(!format!("{:?}", ran.log).contains(&password), "{:?}", ran.log);
        ran
    }

    /// Runs a script as the job that migrates, which ends as the script does; its log is there when it has ended.
    pub async fn migrates(&self, run: &RunHandle, script: &str) -> Ran {
        let ran = self.runs(script).await;
        let lines: Vec<&str> = script.lines().collect();
        run.prints("migrate", &lines, &ran.printed.join("\n"), u8::try_from(ran.code).unwrap()).unwrap();
        run.finish_job("migrate", if ran.code == 0 { "success" } else { "failure" }).unwrap();
        ran
    }

    /// A step that fails for this reason.
    pub async fn fails(&self, script: &str, rule: &str) -> Ran {
        let ran = self.runs(script).await;
        assert_ne!(ran.code, 0, "{}", ran.text);
        let cause = ran.log.findings.first().unwrap_or_else(|| panic!("{rule}: nothing was found in\n{}", ran.text));
        assert_eq!((cause.rule.as_str(), cause.grade), (rule, Grade::Failure), "{}", ran.text);
        ran
    }
}

impl Ran {
    pub fn place(&self) -> (Option<&str>, Option<&str>) {
        (self.log.findings[0].tenant.as_deref(), self.log.findings[0].migration.as_deref())
    }

    pub fn rules(&self) -> Vec<(&str, Grade)> {
        self.log.findings.iter().map(|found| (found.rule.as_str(), found.grade)).collect()
    }
}

fn venv() -> &'static str {
    assert!(Path::new(VENV).exists(), "Django is not installed: run scripts/setup django");
    VENV
}

/// Where calls of `manage.py` are handed over to one whose imports are done: see `warm.py`. It ends with its standard
/// input, and so with us.
async fn warm() -> &'static Path {
    static WARM: OnceCell<(PathBuf, Child)> = OnceCell::const_new();
    let start = || {
        let socket = std::env::temp_dir().join(format!("signalbox-warm-{}", std::process::id()));
        let mut command = std::process::Command::new(format!("{}/bin/python", venv()));
        command.arg("warm.py").arg(&socket).current_dir(PROJECT).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "warm.py says on standard error what is wrong");
        (socket, child)
    };
    let (socket, _) = WARM.get_or_init(async || tokio::task::spawn_blocking(start).await.unwrap()).await;
    socket
}

async fn pump(from: impl AsyncRead + Unpin, into: &Mutex<Vec<String>>) {
    let (mut from, mut line) = (BufReader::new(from), vec![]);
    while from.read_until(b'\n', &mut line).await.unwrap() > 0 {
        into.lock().unwrap().push(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned());
        line.clear();
    }
}

/// The log as GitHub serves it.
fn as_github(script: &str, printed: &[String], code: i32) -> String {
    let first = script.lines().next().unwrap_or_default();
    let begin = ["##[group]Run ".to_owned() + first];
    let shown = script.lines().map(|line| format!("\u{1b}[36;1m{line}\u{1b}[0m"));
    let given = ["shell: /usr/bin/bash -e {0}", "env:", "  DATABASE_URL: ***", "##[endgroup]"].map(str::to_owned);
    let end = (code != 0).then(|| format!("##[error]Process completed with exit code {code}."));
    let lines = begin.into_iter().chain(shown).chain(given).chain(printed.iter().cloned()).chain(end);
    lines.map(|line| format!("2026-11-26T21:15:00.1234567Z {line}\n")).collect()
}

/// The database that copies of three tenants start from.
async fn template() -> String {
    kept("three", async || {
        let project = Project::over(Arc::new(Postgres::shared().await.unwrap().fresh_database().await.unwrap()));
        let script = "python manage.py migrate_schemas --shared\n\
            python manage.py create_tenants public super_tenant acme globex";
        let ran = project.runs(script).await;
        assert_eq!((ran.code, ran.log.findings.len()), (0, 0), "{}", ran.text);
        project
    })
    .await
}

/// The database that copies of a fleet start from. Django takes a minute for so many tenants, so those after the
/// third are copies of one that it made, by way of `pg_dump`.
async fn fleet() -> String {
    kept("fleet", async || {
        let project = Project::new().await;
        let arguments = ["--inserts", "--schema=globex", &project.database.url];
        let dump = Command::new("pg_dump").args(arguments).output().await.expect("pg_dump comes with PostgreSQL");
        assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
        // Lines that begin with a backslash are for psql.
        let dump = String::from_utf8(dump.stdout).unwrap();
        let dump: String = dump.split_inclusive('\n').filter(|line| !line.starts_with('\\')).collect();
        assert!(!dump.contains("COPY "), "rows are in statements");
        for number in 1..=FLEET - 3 {
            let name = format!("t{number:04}");
            let listed = format!(
                "INSERT INTO public.tenants_client (schema_name, name, created_on) VALUES ('{name}', '{name}', now());
                INSERT INTO public.tenants_domain (domain, is_primary, tenant_id)
                SELECT '{name}.example.test', true, max(id) FROM public.tenants_client;"
            );
            project.says(&format!("{}{listed}", dump.replace("globex", &name))).await;
        }
        project
    })
    .await
}

/// A database that the server keeps until the project changes, or how it is made.
async fn kept(kind: &str, made: impl AsyncFnOnce() -> Project) -> String {
    let make = async || Ok::<_, postgres::Error>(made().await.database);
    let project = files(Path::new(PROJECT)).into_iter().map(|file| {
        let text = fs::read(&file).unwrap();
        (file.strip_prefix(PROJECT).unwrap().to_owned(), text)
    });
    let version = (include_str!("django.rs"), project.collect::<Vec<_>>());
    Postgres::shared().await.unwrap().template(kind, version, make).await.unwrap()
}

/// All files of a folder but what Python left there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.retain(|path| !path.ends_with("__pycache__"));
    entries.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.into_iter().flat_map(below).collect()
}
