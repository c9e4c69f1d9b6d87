//! Every key of `signalbox.toml`: what it takes, and a line that would do. Errors and the documentation's test
//! are made from this list, so that neither can forget a key.

/// A table of the file.
pub(super) struct Section {
    /// How the table is written in the file.
    pub(super) title: &'static str,
    /// What it may hold; empty where the user chooses the names.
    pub(super) keys: &'static [Key],
}

/// A key of a table.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) required: bool,
    /// What it takes, as a noun phrase.
    pub(super) expected: &'static str,
    pub(super) example: &'static str,
}

impl Section {
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

const fn must(name: &'static str, expected: &'static str, example: &'static str) -> Key {
    Key { name, required: true, expected, example }
}

const fn may(name: &'static str, expected: &'static str, example: &'static str) -> Key {
    Key { name, required: false, expected, example }
}

/// All of them, for the test that compares them with the documentation.
#[cfg(test)]
pub(super) const ALL: &[&Section] = &[
    &ROOT,
    &DISCORD,
    &GITHUB,
    &SERVER,
    &AUDIT,
    &ALERTS,
    &ROUTE,
    &QUIET,
    &SCHEDULE,
    &ENVIRONMENT,
    &HEALTH,
    &SMOKE,
    &JSON,
    &GATE,
    &PROMOTION,
    &LOG_RULE,
    &WEBHOOK,
];

pub(super) const ROOT: Section = Section {
    title: "the file",
    keys: &[
        must("discord", "the table [discord]: the server and its roles", "[discord]\nguild = \"1100000000000000001\""),
        may("github", "the table [github]", "[github]\nrepository = \"acme/shop\""),
        may("server", "the table [server]", "[server]\nlisten = \"127.0.0.1:8080\""),
        may("alerts", "the table [alerts]", "[alerts]\nlock_warning_minutes = 15"),
        may("route", "one [[route]] for each place where alerts or deployments are told", ROUTE_EXAMPLE),
        may("quiet", "one [[quiet]] for hours in which nobody is called", QUIET_EXAMPLE),
        may("schedule", "one [[schedule]] for each thing that is done by itself", SCHEDULE_EXAMPLE),
        may("webhook", "one [[webhook]] for each address that is told of events", WEBHOOK_EXAMPLE),
        may("audit", "the table [audit]", "[audit]\nchannel = \"1200000000000000003\""),
        may("log_rule", "one [[log_rule]] for each line to look for in logs", "[[log_rule]]\nname = \"seed_missing\""),
        must(
            "environment",
            "one [[environment]] for each stage of the promotion path",
            "[[environment]]\nname = \"dev\"",
        ),
    ],
};

pub(super) const LOG_RULE: Section = Section {
    title: "[[log_rule]]",
    keys: &[
        must("name", "a code of a-z, 0-9 and `_`, at most 40 of them", "name = \"seed_missing\""),
        must("marker", "a regular expression that finds the line", "marker = 'Fixture .* not found'"),
        must("title", "what it is, in a few words", "title = \"the seed data is missing\""),
        must("meaning", "what it means, in one sentence", "meaning = \"the fixture was not packed into the image\""),
        must("remedy", "what to do, in one sentence", "remedy = \"run `make fixtures`, then build again\""),
        may("grade", "\"failure\", \"swallowed\" or \"warning\"", "grade = \"warning\""),
        may("example", "a line that the marker finds", "example = \"Fixture plans.json not found\""),
    ],
};

const SNOWFLAKE: &str = "an id in quotes, only digits (in Discord: developer mode on, right click, Copy ID)";

pub(super) const DISCORD: Section = Section {
    title: "[discord]",
    keys: &[
        must("guild", SNOWFLAKE, "guild = \"1100000000000000001\""),
        may("channel", SNOWFLAKE, "channel = \"1200000000000000001\""),
        must("roles", "a table of role names and their ids", "[discord.roles]\nengineer = \"1300000000000000001\""),
        may("admin_roles", "a list of names from [discord.roles]", "admin_roles = [\"lead\"]"),
        may(
            "sign_offs",
            "a table of what people sign for and the emoji for it",
            "sign_offs = { review = \"✅\", testing = \"🧪\" }",
        ),
        may("veto", "the emoji that forbids a deployment", "veto = \"❌\""),
        may("resolve", "the address and port where discord.com is looked for", "resolve = \"127.0.0.1:8443\""),
        may("ca_file", "a PEM file with certificates to trust", "ca_file = \"/etc/ssl/proxy-ca.pem\""),
    ],
};

/// What a line of `[discord.roles]` takes.
pub(super) const ROLE: Key = may(
    "roles",
    "a name of ASCII letters, digits, `-` and `_`, and the role's id in quotes",
    "engineer = \"1300000000000000001\"",
);

/// What a line of `sign_offs` takes.
pub(super) const SIGN_OFF: Key = may(
    "sign_offs",
    "a name of a-z, 0-9, `-`, `_` and spaces, and its emoji in quotes; each emoji once",
    "sign_offs = { review = \"✅\", testing = \"🧪\" }",
);

pub(super) const GITHUB: Section = Section {
    title: "[github]",
    keys: &[
        may("repository", "a repository as `owner/name`", "repository = \"acme/shop\""),
        may(
            "api_url",
            "the https address of a GitHub Enterprise Server's API",
            "api_url = \"https://github.example.com/api/v3\"",
        ),
        may(
            "oidc_issuer",
            "the https address of who issues the OIDC tokens of workflow runs",
            "oidc_issuer = \"https://token.actions.githubusercontent.com/acme\"",
        ),
    ],
};

pub(super) const AUDIT: Section = Section {
    title: "[audit]",
    keys: &[
        may("channel", SNOWFLAKE, "channel = \"1200000000000000003\""),
        may("file", "a file, such as one on another machine's disk", "file = \"/mnt/evidence/signalbox-heads.txt\""),
    ],
};

pub(super) const ALERTS: Section = Section {
    title: "[alerts]",
    keys: &[
        may("lock_warning_minutes", "a whole number of minutes", "lock_warning_minutes = 15"),
        may("verify_audit_hours", "a whole number of hours", "verify_audit_hours = 24"),
    ],
};

const ROUTE_EXAMPLE: &str = "[[route]]\nalerts = [\"critical\"]\nroles = [\"oncall\"]";

/// The first route that fits an alert is its own; every route that fits an event of a deployment is told of it.
pub(super) const ROUTE: Section = Section {
    title: "[[route]]",
    keys: &[
        may("environments", "a list of names of environments", "environments = [\"production\"]"),
        may("alerts", "a list of info, warning and critical", "alerts = [\"critical\"]"),
        may(
            "deployments",
            "a list of started, progress, finished, failed, untrue and recovered",
            "deployments = [\"failed\", \"untrue\"]",
        ),
        may("channel", SNOWFLAKE, "channel = \"1200000000000000004\""),
        may("roles", "a list of names from [discord.roles]", "roles = [\"oncall\"]"),
        may(
            "escalate",
            "a list of names from [discord.roles], in the order in which they are called",
            "escalate = [\"lead\"]",
        ),
        may("acknowledge_minutes", "a whole number of minutes", "acknowledge_minutes = 15"),
        may("repeat_minutes", "a whole number of minutes, 5 at least", "repeat_minutes = 60"),
    ],
};

const WEBHOOK_EXAMPLE: &str =
    "[[webhook]]\nname = \"pager\"\nurl = \"https://pager.example/hooks\"\nsecret = \"PAGER_WEBHOOK_SECRET\"";

/// An address that is told of events.
pub(super) const WEBHOOK: Section = Section {
    title: "[[webhook]]",
    keys: &[
        must("name", "1 to 32 of a-z, 0-9 and `-`", "name = \"pager\""),
        must("url", "an http or https address without user name or password", "url = \"https://pager.example/hooks\""),
        must(
            "secret",
            "the name of the environment variable that holds what events are signed with",
            "secret = \"PAGER_WEBHOOK_SECRET\"",
        ),
        may("environments", "a list of names of environments", "environments = [\"production\"]"),
        may(
            "kinds",
            "a list of started, progress, finished, failed, untrue, recovered and alerts",
            "kinds = [\"failed\", \"untrue\", \"alerts\"]",
        ),
    ],
};

const QUIET_EXAMPLE: &str =
    "[[quiet]]\nalerts = [\"info\", \"warning\"]\ntimes = [\"* 20-23,0-6 * * *\"]\ntime_zone = \"Europe/Berlin\"";

pub(super) const QUIET: Section = Section {
    title: "[[quiet]]",
    keys: &[
        must("alerts", "a list of info, warning and critical", "alerts = [\"info\", \"warning\"]"),
        must("times", "a list of times as cron writes them", "times = [\"* 20-23,0-6 * * *\"]"),
        must("time_zone", "the name of a time zone, such as Europe/Berlin", "time_zone = \"Europe/Berlin\""),
    ],
};

const SCHEDULE_EXAMPLE: &str = "[[schedule]]\nrun = \"health\"\ncron = \"*/5 * * * *\"";

/// Without any, each work has its usual schedule; with one of its own it has no other.
pub(super) const SCHEDULE: Section = Section {
    title: "[[schedule]]",
    keys: &[
        must(
            "run",
            "what is done: health, smoke, schemas, drift, isolation, registry, ledger, pooler, database, secrets, \
             digest or weekly",
            "run = \"health\"",
        ),
        may("cron", "minute, hour, day of month, month and weekday as cron writes them", "cron = \"*/5 * * * *\""),
        may("name", "1 to 40 of a-z, 0-9, `-` and `_`, starting with a letter", "name = \"night-watch\""),
        may("time_zone", "the name of a time zone, such as Europe/Berlin", "time_zone = \"Europe/Berlin\""),
        may("environments", "a list of names of environments", "environments = [\"production\"]"),
        may("enabled", "true, or false to have it not done at all", "enabled = false"),
    ],
};

pub(super) const SERVER: Section = Section {
    title: "[server]",
    keys: &[
        may("listen", "an address and port to listen on for webhooks", "listen = \"127.0.0.1:8080\""),
        may("events_per_minute", "a whole number of events", "events_per_minute = 60"),
        may("data", "the folder Signalbox keeps its own data in", "data = \"/var/lib/signalbox\""),
    ],
};

pub(super) const ENVIRONMENT: Section = Section {
    title: "[[environment]]",
    keys: &[
        must("name", "1 to 32 of a-z, 0-9, `-` and `_`, starting with a letter", "name = \"uat\""),
        may("after", "the name of the environment that comes before this one", "after = \"dev\""),
        may("repository", "a repository as `owner/name`", "repository = \"acme/shop\""),
        must("workflow", "the file name of a workflow in .github/workflows", "workflow = \"12-uat-deployment.yml\""),
        must("ref", "the branch or tag that is deployed when none is named", "ref = \"uat\""),
        may("refs", "a list of branches and tags; a final `*` stands for any ending", "refs = [\"uat\", \"hotfix/*\"]"),
        may("inputs", "a table of at most 25 workflow inputs with text values", "inputs = { environment = \"uat\" }"),
        may("key_input", "the name of the workflow input that takes the deployment's key", "key_input = \"sb_key\""),
        may("github_environment", "the name of the environment at GitHub", "github_environment = \"uat2-backend\""),
        may("migration_job", "a regular expression for the job that migrates", "migration_job = \"migrat\""),
        may("required_secrets", "a list of names of secrets at GitHub", "required_secrets = [\"UAT_DB_URL\"]"),
        may(
            "database",
            "the name of the environment variable that holds the tenant database's URL",
            "database = \"UAT_DATABASE_URL\"",
        ),
        may(
            "images",
            "a list of images with host and tag; {sha} and {short} stand for the commit",
            "images = [\"ghcr.io/acme/shop:{sha}\"]",
        ),
        may(
            "events_token",
            "the name of the environment variable that holds the token of its scripts",
            "events_token = \"UAT_EVENTS_TOKEN\"",
        ),
        may(
            "schemas",
            "a list of schemas that must be in the tenant database",
            "schemas = [\"public\", \"super_tenant\"]",
        ),
        may(
            "allowed_schemas",
            "a list of names of schemas that may come and go, in which * stands for anything",
            "allowed_schemas = [\"rehearsal_*\"]",
        ),
        must("deploy_roles", "a list with at least one name from [discord.roles]", "deploy_roles = [\"engineer\"]"),
        may("sign_roles", "a list of names from [discord.roles]", "sign_roles = [\"reviewer\"]"),
        may("gate", "one [[environment.gate]] for each rule that must hold before a deployment leaves", GATE_EXAMPLE),
        may(
            "promotion",
            "the table [environment.promotion]: how the environment before is promoted to this one",
            PROMOTION_EXAMPLE,
        ),
        may("gate_wait_hours", "a whole number of hours", "gate_wait_hours = 24"),
        may("sign_off_hours", "a whole number of hours", "sign_off_hours = 24"),
        may("evidence_seconds", "a whole number of seconds", "evidence_seconds = 300"),
        may("break_glass_roles", "a list of names from [discord.roles]", "break_glass_roles = [\"lead\"]"),
        may("one_person_many_slots", "true or false", "one_person_many_slots = false"),
        may("bar_authors", "true or false", "bar_authors = true"),
        may("confirm_commit", "true or false", "confirm_commit = true"),
        may("channel", SNOWFLAKE, "channel = \"1200000000000000001\""),
        may("poll_seconds", "a whole number of seconds", "poll_seconds = 10"),
        may("slow_after_minutes", "a whole number of minutes", "slow_after_minutes = 10"),
        may("verify_deadline_seconds", "a whole number of seconds", "verify_deadline_seconds = 120"),
        may("migration_pace_seconds", "a whole number of seconds", "migration_pace_seconds = 2"),
        may("migration_stall_seconds", "a whole number of seconds", "migration_stall_seconds = 120"),
        may("lock_wait_seconds", "a whole number of seconds", "lock_wait_seconds = 30"),
        may(
            "health",
            "one [[environment.health]] for each address to ask",
            "[[environment.health]]\nurl = \"https://uat.example.com/health/\"",
        ),
        may("health_agree", "a whole number of looks, at most `health_looks`", "health_agree = 3"),
        may("health_looks", "a whole number of looks", "health_looks = 5"),
        may("allow_private", "true or false", "allow_private = true"),
        may(
            "smoke",
            "one [[environment.smoke]] for each address to ask, or for those of all tenants",
            "[[environment.smoke]]\nurl = \"https://{domain}/health/\"",
        ),
        may("smoke_concurrency", "a whole number of questions at once", "smoke_concurrency = 20"),
    ],
};

const PROMOTION_EXAMPLE: &str = "[environment.promotion]\ntitle = \"Promote {from} to {to}\"";

/// How one environment is promoted to the next.
pub(super) const PROMOTION: Section = Section {
    title: "[environment.promotion]",
    keys: &[
        may("title", "a text; {from} and {to} stand for the environments", "title = \"Promote {from} to {to}\""),
        may("labels", "a list of labels", "labels = [\"production-release\"]"),
        may("reviewers", "a list of logins, and of teams as `organisation/team`", "reviewers = [\"acme/release\"]"),
        may("method", "merge, squash or rebase", "method = \"merge\""),
    ],
};

const GATE_EXAMPLE: &str = "[[environment.gate]]\ncheck = \"previous\"";

/// A rule has exactly one of `check`, `sign_off`, `all` and `any`; the other keys belong to one of those.
pub(super) const GATE: Section = Section {
    title: "[[environment.gate]]",
    keys: &[
        may(
            "check",
            "previous, secrets, parity, references, required_checks, pull_request, window, drift, isolation, ledger, \
             health or no_open_critical_alert",
            "check = \"previous\"",
        ),
        may("sign_off", "a name from [discord] sign_offs, or \"review\"", "sign_off = \"review\""),
        may("all", "a list of rules that must all hold", "all = [{ check = \"health\" }, { sign_off = \"review\" }]"),
        may(
            "any",
            "a list of rules of which one must hold",
            "any = [{ check = \"health\" }, { sign_off = \"review\" }]",
        ),
        may("must", "true, or false for a rule that is shown and keeps nothing back", "must = false"),
        may("roles", "a list of names from [discord.roles]", "roles = [\"reviewer\"]"),
        may("count", "a whole number of people", "count = 2"),
        may("max_age_days", "a whole number of days", "max_age_days = 90"),
        may("descendant", "true or false", "descendant = true"),
        may(
            "ignore",
            "a list of names of secrets and variables; a final `*` stands for any ending",
            "ignore = [\"SENTRY_*\"]",
        ),
        may(
            "prefixes",
            "a list of beginnings that are cut off before names are compared",
            "prefixes = [\"UAT_\", \"PROD_\"]",
        ),
        may("contexts", "a list of names of checks as GitHub shows them", "contexts = [\"build\"]"),
        may("approvals", "a whole number of approvals", "approvals = 1"),
        may("allow", "a list of times as cron writes them", "allow = [\"* 9-16 * * mon-thu\"]"),
        may("deny", "a list of times as cron writes them", "deny = [\"* * 24-31 dec *\"]"),
        may("time_zone", "the name of a time zone, such as Europe/Berlin", "time_zone = \"Europe/Berlin\""),
    ],
};

const CA_FILE: &str = "a PEM file with certificates to trust";

pub(super) const HEALTH: Section = Section {
    title: "[[environment.health]]",
    keys: &[
        must(
            "url",
            "an http or https address without user name or password",
            "url = \"https://uat.example.com/api/v1/health/\"",
        ),
        may("host", "a host name for the Host header, which selects the tenant", "host = \"acme.uat.example.com\""),
        STATUS,
        JSON_KEY,
        COMMIT_HEADER,
        MAX_LATENCY,
        REDIRECTS,
        CERTIFICATE_DAYS,
        CA,
    ],
};

/// The same, of which each tenant may have one.
pub(super) const SMOKE: Section = Section {
    title: "[[environment.smoke]]",
    keys: &[
        must(
            "url",
            "an http or https address; {domain} stands for the primary domain of each tenant",
            "url = \"https://{domain}/api/v1/health/\"",
        ),
        may("host", "a host name for the Host header; {domain} as in `url`", "host = \"{domain}\""),
        may("sample", "a whole number of tenants", "sample = 50"),
        STATUS,
        JSON_KEY,
        COMMIT_HEADER,
        MAX_LATENCY,
        REDIRECTS,
        CERTIFICATE_DAYS,
        CA,
    ],
};

const STATUS: Key = may("status", "an HTTP status from 100 to 599", "status = 200");
const JSON_KEY: Key = may("json", "where to look in the body and what must be there", JSON_EXAMPLE);
const COMMIT_HEADER: Key = may(
    "commit_header",
    "the name of the response header that bears the running commit",
    "commit_header = \"X-Build-Sha\"",
);
const MAX_LATENCY: Key = may("max_latency_ms", "a whole number of milliseconds", "max_latency_ms = 2000");
const REDIRECTS: Key = may("redirects", "a whole number of redirects to follow, 10 at most", "redirects = 1");
const CERTIFICATE_DAYS: Key = may("certificate_days", "a whole number of days", "certificate_days = 14");
const CA: Key = may("ca_file", CA_FILE, "ca_file = \"/etc/ssl/internal-ca.pem\"");

const JSON_EXAMPLE: &str = "json = { pointer = \"/database\", equals = \"healthy\" }";

pub(super) const JSON: Section = Section {
    title: "json",
    keys: &[
        must("pointer", "a JSON pointer (RFC 6901), which starts with `/`", JSON_EXAMPLE),
        must("equals", "a text, a number, true or false", JSON_EXAMPLE),
    ],
};
