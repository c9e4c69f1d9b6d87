//! The built-in rules: every failure of a migration that has been seen for real, in the order in which they are
//! believed. The examples are lines of real logs (Django 5.2, django-tenants 4.0 and 3.x, psycopg 2 and 3,
//! PostgreSQL 15).

use std::borrow::Cow::Borrowed;

use super::rules::{Grade, Rule};

const fn rule(grade: Grade, [name, title, marker, meaning, remedy, example]: [&'static str; 6]) -> Rule {
    Rule {
        name: Borrowed(name),
        title: Borrowed(title),
        marker: Borrowed(marker),
        meaning: Borrowed(meaning),
        remedy: Borrowed(remedy),
        grade,
        example: Borrowed(example),
    }
}

/// The rules. Earlier ones are believed first.
#[must_use]
pub fn built_in() -> Vec<Rule> {
    let failures = [RUNNER, PYTHON, ADDRESS, CONNECTION, LEDGER, DATA, SERVER, SCHEMA].into_iter().flatten();
    let failures = failures.map(|rule_of| rule(Grade::Failure, *rule_of));
    let swallowed = SWALLOWED.iter().map(|rule_of| rule(Grade::Swallowed, *rule_of));
    failures.chain(swallowed).chain(WARNINGS.iter().map(|rule_of| rule(Grade::Warning, *rule_of))).collect()
}

/// What stands for a failure that no rule knows.
pub(super) fn unknown(grade: Grade) -> Rule {
    let known = match grade {
        Grade::Failure => UNKNOWN,
        Grade::Swallowed | Grade::Warning => UNKNOWN_SWALLOWED,
    };
    rule(grade, known)
}

/// Code, title, marker, meaning, remedy, example.
type Row = [&'static str; 6];

/// How the process ended says more than what it printed before.
const RUNNER: &[Row] = &[
    [
        "killed",
        "the process was killed",
        r"Process completed with exit code 137(?-u:\b)|^Killed$",
        "something sent it SIGKILL, nearly always for want of memory; it had no time to say a word",
        "give the runner more memory, or migrate with fewer processes (`--executor=standard`); what was committed stays, a rerun goes on from there",
        "##[error]Process completed with exit code 137.",
    ],
    [
        "terminated",
        "the process was told to end",
        r"Process completed with exit code 143(?-u:\b)|The runner has received a shutdown signal|The operation was canceled\.",
        "the job was cancelled or its runner went away; its database session may still wait for a lock",
        "look for a session that is left (`select pid, state, query from pg_stat_activity`) before you run it again",
        "##[error]The operation was canceled.",
    ],
    [
        "timed_out",
        "the time was over",
        r"has exceeded the maximum execution time of|Process completed with exit code 124(?-u:\b)",
        "the step ran longer than it may; a killed worker of the multiprocessing executor makes it wait for ever",
        "see with `/ledger` which tenants are done, then raise `timeout-minutes` or find what it waited for",
        "##[error]The job running on runner GitHub Actions 5 has exceeded the maximum execution time of 15 minutes.",
    ],
    [
        "runner_lost",
        "the runner was lost",
        r"lost communication with the server|The self-hosted runner: \S+ lost",
        "the machine died or lost its network, so nobody knows how far it came",
        "see with `/ledger` which tenants are done, then run it again",
        "##[error]The hosted runner lost communication with the server.",
    ],
];

const PYTHON: &[Row] = &[
    [
        "psycopg_missing",
        "psycopg is not installed",
        r"Error loading psycopg2? or psycopg|Error loading psycopg2? module|No module named 'psycopg2?'",
        "Django has no driver for PostgreSQL in this environment",
        "add `psycopg[binary]` to the requirements",
        "django.core.exceptions.ImproperlyConfigured: Error loading psycopg2 or psycopg module",
    ],
    [
        "engine_unknown",
        "the database engine does not exist",
        r"isn't an available database backend",
        "ENGINE names a module that is not there",
        "set `DB_ENGINE=django_tenants.postgresql_backend`",
        "django.core.exceptions.ImproperlyConfigured: 'django_tenants.postgres_backend' isn't an available database backend or couldn't be imported.",
    ],
    [
        "django_tenants_missing",
        "django-tenants is not installed",
        r"No module named 'django_tenants'",
        "the package is not in the environment that ran `manage.py`",
        "add `django-tenants` to the requirements that the image or the job installs",
        "ModuleNotFoundError: No module named 'django_tenants'",
    ],
    [
        "settings_unset",
        "no settings were named",
        r"No Django settings specified|but settings are not configured",
        "DJANGO_SETTINGS_MODULE is empty in this step, so commands of apps are unknown too",
        "set DJANGO_SETTINGS_MODULE; look whether its secret exists in this GitHub environment",
        "No Django settings specified.",
    ],
    [
        "command_unknown",
        "manage.py does not know the command",
        r"Unknown command: '\S+'",
        "the app that brings the command is not in INSTALLED_APPS of these settings",
        "add `django_tenants` (or the command's app) to SHARED_APPS and INSTALLED_APPS, or name the right settings module",
        "Unknown command: 'migrate_schemas'. Did you mean migrate?",
    ],
    [
        "engine_plain",
        "the database engine knows no tenants",
        r"'DatabaseWrapper' object has no attribute 'set_(?:schema|tenant)'|DATABASE_ROUTERS setting must contain 'django_tenants|ENGINE .*must be django_tenants",
        "ENGINE is Django's own and not the one of django-tenants",
        "set `DB_ENGINE=django_tenants.postgresql_backend` in this step",
        "AttributeError: 'DatabaseWrapper' object has no attribute 'set_schema'",
    ],
];

const ADDRESS: &[Row] = &[
    [
        "database_url_malformed",
        "DATABASE_URL was read wrongly",
        r#"settings\.DATABASES is improperly configured|connection to server on socket "[^"]*" failed|connection is bad: no error details available$|no password supplied|invalid integer value ".*" for connection option|could not match \d+ port numbers|host(?: name)? ['"][^'"]*[@ ][^'"]*['"]|database "[^"]*[@?/][^"]*" does not exist|KeyError: 'DATABASE_URL'|Port could not be cast to integer"#,
        "a part of the address is empty or has a piece of another one: a missing port, a scheme that is not `postgresql://`, or `@`, `/`, `:` or `?` where they were not expected",
        "put the whole URL into the secret with the password percent-encoded, and parse it with `urlsplit` and `unquote` (or dj-database-url), never with sed",
        r#"django.db.utils.OperationalError: could not translate host name "ss@127.0.0.1" to address: Name or service not known"#,
    ],
    [
        "host_unknown",
        "the database's host is unknown",
        r"could not translate host name|failed to resolve host",
        "no name server knows it: a typing mistake, or a name that only exists inside a private network",
        "compare the host in DATABASE_URL with the server's; run the job where the name is known",
        r#"django.db.utils.OperationalError: could not translate host name "db.invalid" to address: Name or service not known"#,
    ],
];

const CONNECTION: &[Row] = &[
    [
        "connection_refused",
        "the database refused the connection",
        r"port \d+ failed: Connection refused|could not connect to server: Connection refused",
        "nothing listens there: the server is down, or host or port is another one's",
        "see whether the server runs, then host, port and firewall",
        r#"django.db.utils.OperationalError: connection to server at "127.0.0.1", port 45499 failed: Connection refused"#,
    ],
    [
        "connection_timeout",
        "the database did not answer",
        r"port \d+ failed: (?:Connection timed out|timeout expired|No route to host|Network is unreachable)|connection timeout expired",
        "packets are dropped on the way: a firewall or an allow-list, rarely the server",
        "let the runner's addresses through, or run the job inside the network",
        r#"connection to server at "10.0.0.7", port 5432 failed: timeout expired"#,
    ],
    [
        "password_wrong",
        "the password was refused",
        r"password authentication failed for user",
        "password or user is wrong, or `%40` and the like in the URL were not decoded; PostgreSQL says the same of a role that does not exist",
        "compare the secret with the role's password, and look whether the job decodes it",
        r#"FATAL:  password authentication failed for user "saas""#,
    ],
    [
        "database_missing",
        "the database does not exist",
        r#"FATAL:\s+database "[^"]*" does not exist"#,
        "the server is right and the name is not",
        "compare the name at the end of DATABASE_URL with `psql -l`",
        r#"FATAL:  database "missingdb" does not exist"#,
    ],
    [
        "role_missing",
        "the database's role does not exist",
        r#"FATAL:\s+role "[^"]*" does not exist"#,
        "the server knows no user of this name",
        "compare the user in DATABASE_URL with `\\du` in psql",
        r#"FATAL:  role "saas" does not exist"#,
    ],
    [
        "host_not_allowed",
        "the server lets nobody in from here",
        r"pg_hba\.conf rejects connection|no pg_hba\.conf entry for",
        "the server's allow-list has no line for this address, user and database",
        "add the runner to `pg_hba.conf` or the provider's trusted sources",
        r#"FATAL:  no pg_hba.conf entry for host "10.1.2.3", user "saas", database "shop", no encryption"#,
    ],
    [
        "tls_refused",
        "no encrypted connection came about",
        r"server does not support SSL, but SSL was required|certificate verify failed|SSL error:",
        "one side insists on TLS and the other has none, or its certificate is not trusted",
        "look at `sslmode` in DATABASE_URL and at the server's certificate",
        "server does not support SSL, but SSL was required",
    ],
    [
        "too_many_connections",
        "the database has no connection left",
        r"too many connections for (?:role|database)|too many clients already|remaining connection slots are reserved",
        "the limit of the server or of the role is used up",
        "see who holds them (`select usename, count(*) from pg_stat_activity group by 1`), then use fewer processes or a pooler",
        r#"FATAL:  too many connections for role "saas""#,
    ],
    [
        "database_restarting",
        "the database was starting or stopping",
        r"the database system is (?:shutting down|starting up|in recovery mode|not yet accepting connections)",
        "the server was being restarted just then",
        "wait until it is up, then run the job again; it goes on where it stopped",
        "FATAL:  the database system is shutting down",
    ],
];

const LEDGER: &[Row] = &[
    [
        "fake_initial",
        "`--fake-initial` believed too much",
        r#"column "name" of relation "django_content_type" does not exist"#,
        "the tenant's `django_migrations` was lost; `--fake-initial` recorded the first migration, and the second cannot undo what is not there",
        "see the tenant with `/tenant`, then record what really matches, one by one: `migrate_schemas -s <tenant> <app> <number> --fake`",
        r#"django.db.utils.ProgrammingError: column "name" of relation "django_content_type" does not exist"#,
    ],
    [
        "column_exists",
        "the column exists already",
        r#"column "[^"]+" of relation "[^"]+" already exists"#,
        "the change was made and not recorded: a job killed between both, two jobs at once, or a change by hand",
        "see with `/drift` whether it is what the migration makes; if so `migrate_schemas -s <tenant> <app> <number> --fake`, if not drop it. `--fake-initial` does not help here",
        r#"django.db.utils.ProgrammingError: column "active" of relation "catalog_product" already exists"#,
    ],
    [
        "relation_exists",
        "the table or schema exists already",
        r#"(?:relation|schema|type|constraint|index) "[^"]+" (?:for relation "[^"]+" )?already exists"#,
        "catalog and ledger disagree: a job killed between change and record, two jobs at once, an invalid index of a failed CREATE INDEX CONCURRENTLY, or a change by hand",
        "compare with `/ledger` and `/drift`; if the object matches, `migrate_schemas -s <tenant> <app> <number> --fake`, else drop it. `--fake-initial` helps only where every table of a first migration is there. A `concurrency:` group keeps two jobs apart",
        r#"django.db.utils.ProgrammingError: relation "support_macro" already exists"#,
    ],
    [
        "history_inconsistent",
        "the ledger contradicts itself",
        r"is applied before its dependency",
        "a row of `django_migrations` is missing in one tenant, or was put there by hand",
        "find the tenant with `/ledger` and put the missing row back, if its tables are there",
        "django.db.migrations.exceptions.InconsistentMigrationHistory: Migration orders.0001_initial is applied before its dependency catalog.0001_initial on database 'default'.",
    ],
    [
        "migrations_conflict",
        "two migrations have the same parent",
        r"multiple leaf nodes in the migration graph",
        "two branches each added a migration; nothing was changed yet",
        "`python manage.py makemigrations --merge`, commit, deploy",
        "CommandError: Conflicting migrations detected; multiple leaf nodes in the migration graph: (0002_macro, 0002_snippet in support).",
    ],
    [
        "migration_missing",
        "a migration's parent is missing",
        r"reference(?:s)? nonexistent parent node|NodeNotFoundError",
        "a file is not in this commit: not added, or removed while another still names it",
        "commit the missing file, or correct `dependencies`",
        "django.db.migrations.exceptions.NodeNotFoundError: Migration support.0002_macro dependencies reference nonexistent parent node ('support', '0001_start')",
    ],
    [
        "migrations_circular",
        "migrations wait for each other",
        r"CircularDependencyError",
        "their dependencies form a circle",
        "break it by splitting one of them",
        "django.db.migrations.exceptions.CircularDependencyError: catalog.0002_x, orders.0002_y",
    ],
    [
        "tenant_without_schema",
        "a tenant has no schema",
        r"no schema has been selected to create in",
        "a row of the tenant table names a schema that is not there, and every tenant after it was left out too. The log names the tenant before it",
        "find it with `/tenants`, then `create_missing_schemas`, or delete the row",
        "django.db.migrations.exceptions.MigrationSchemaMissing: Unable to create the django_migrations table (no schema has been selected to create in",
    ],
    [
        "shared_not_migrated",
        "the shared tables are not there",
        r#"relation "\w*(?:client|tenant|domain)s?" does not exist"#,
        "tenants were asked for before the shared schema was migrated",
        "run `migrate_schemas --shared` first, and let it fail loudly",
        r#"django.db.utils.ProgrammingError: relation "tenants_client" does not exist"#,
    ],
];

const DATA: &[Row] = &[
    [
        "not_unique",
        "rows are not unique",
        r"could not create unique index|duplicate key value violates unique constraint",
        "a tenant has rows that the new constraint forbids; what came before it is committed",
        "clean the rows of that tenant, run it again; it goes on where it stopped",
        r#"django.db.utils.IntegrityError: could not create unique index "orders_customer_email_b220de3f_uniq""#,
    ],
    [
        "nulls",
        "a column has nulls",
        r#"column "[^"]+" of relation "[^"]+" contains null values"#,
        "a column became required before every row had a value",
        "fill it in a migration before this one",
        r#"django.db.utils.IntegrityError: column "user_id" of relation "orders_customer" contains null values"#,
    ],
    [
        "check_violated",
        "rows break a constraint",
        r"is violated by some row|violates (?:foreign key|check|not-null|exclusion) constraint",
        "a tenant has rows that the new constraint forbids",
        "clean the rows of that tenant, run it again",
        r#"django.db.utils.IntegrityError: check constraint "orders_total_positive" of relation "orders_order" is violated by some row"#,
    ],
    [
        "pending_triggers",
        "data and structure in one migration",
        r"because it has pending trigger events",
        "rows were changed and then the table, in one transaction",
        "split it in two migrations: data first",
        r#"cannot ALTER TABLE "orders_order" because it has pending trigger events"#,
    ],
    [
        "lock_timeout",
        "a lock was not had in time",
        r"canceling statement due to lock timeout",
        "somebody else held the table for longer than `lock_timeout`; this migration was rolled back",
        "find who holds it (an open transaction, a backup), end that, run it again",
        "django.db.utils.OperationalError: canceling statement due to lock timeout",
    ],
    [
        "statement_timeout",
        "a statement took too long",
        r"canceling statement due to statement timeout",
        "`statement_timeout` ended it; this migration was rolled back",
        "raise the timeout for migrations, or do it in batches",
        "django.db.utils.OperationalError: canceling statement due to statement timeout",
    ],
    [
        "statement_cancelled",
        "somebody cancelled the statement",
        r"canceling statement due to user request",
        "`pg_cancel_backend` or the runner's own end stopped it; this migration was rolled back",
        "ask who did, then run it again",
        "django.db.utils.OperationalError: canceling statement due to user request",
    ],
    [
        "deadlock",
        "two sessions waited for each other",
        r"deadlock detected",
        "PostgreSQL ended this one, so the migration was rolled back",
        "quieten workers and cron jobs, then run it again",
        "django.db.utils.OperationalError: deadlock detected",
    ],
    [
        "concurrently",
        "CONCURRENTLY inside a transaction",
        r"(?:Concurrently operation cannot be executed inside a transaction|CONCURRENTLY cannot (?:run|be executed) (?:inside|from) a transaction)",
        "such an index is made outside of transactions only",
        "put `atomic = False` on the migration",
        "django.db.utils.NotSupportedError: The AddIndexConcurrently operation cannot be executed inside a transaction (set atomic = False on the migration).",
    ],
];

const SERVER: &[Row] = &[
    [
        "disk_full",
        "the database's disk is full",
        r"could not (?:extend file|write init file|write to file|create file|write block)(?-u:\b)|could not access file .*No space left",
        "PostgreSQL could not write; this migration was rolled back",
        "free or add disk on the database server before anything else",
        r#"django.db.utils.OperationalError: could not extend file "pg_tblspc/16391/x": No space left on device"#,
    ],
    [
        "shared_memory",
        "the lock table is full",
        r"out of shared memory|increase max_locks_per_transaction",
        "one transaction touched more objects than the server has room to lock",
        "raise `max_locks_per_transaction` (takes a restart), or do fewer tenants in one transaction",
        "ERROR:  out of shared memory",
    ],
    [
        "permission_denied",
        "the role may not do that",
        r"permission denied for (?:database|schema|table|relation|sequence|function|language)|must be owner of|must be (?:superuser|member of role)",
        "the role of this job lacks a right, or a restore made somebody else the owner",
        "`GRANT CREATE ON DATABASE …`, or `ALTER … OWNER TO` the role that migrates",
        "django.db.utils.ProgrammingError: permission denied for table django_migrations",
    ],
    [
        "read_only",
        "the database takes no writes",
        r"cannot execute [A-Z ]+ in a read-only transaction",
        "DATABASE_URL names a replica, or the role is read-only",
        "name the primary",
        "django.db.utils.InternalError: cannot execute ALTER TABLE in a read-only transaction",
    ],
    [
        "connection_lost",
        "the connection broke off",
        r"server closed the connection unexpectedly|terminating connection due to|SSL connection has been closed unexpectedly|the connection is (?:closed|lost)",
        "the server or somebody on it ended the session in the middle; the migration at work was rolled back",
        "see the server's log, then run it again; it goes on where it stopped",
        "django.db.utils.OperationalError: server closed the connection unexpectedly",
    ],
    [
        "runner_disk_full",
        "a disk is full",
        r"No space left on device",
        "the runner, or what it writes to, has no room left",
        "free or add disk there",
        "write /var/lib/docker/tmp/x: No space left on device",
    ],
];

const SCHEMA: &[Row] = &[
    [
        "object_missing",
        "something is not there",
        r#"(?:relation|column|schema|type|function) "?[\w."]+"? (?:of relation "[^"]+" )?does not exist|column [\w.]+ does not exist"#,
        "the code expects what this schema does not have: a migration that was recorded and not run, or run in another order",
        "compare with `/ledger` and `/drift`",
        r#"django.db.utils.ProgrammingError: relation "orders_order" does not exist"#,
    ],
    [
        "module_missing",
        "a Python module is missing",
        r"ModuleNotFoundError: No module named '[^']+'",
        "it is not in the environment that ran this step",
        "add it to the requirements that the image or the job installs",
        "ModuleNotFoundError: No module named 'whitenoise'",
    ],
];

/// What scripts say when they go on after a failure.
const SWALLOWED: &[Row] = &[
    [
        "fell_back",
        "migrated without tenants",
        r"falling back to (?:standard |plain )?`?migrate(?-u:\b)",
        "`migrate_schemas` failed and plain `migrate` ran in its place: it knows no tenants, and the run stays green",
        "take the `|| …` away, so that the step fails when it fails; `/ledger` shows what the tenants lack",
        "migrate_schemas not available, falling back to standard migrate",
    ],
    [
        "swallowed",
        "a failure was swallowed",
        r"⚠.*(?-u:\b)(?:failed|not available|could not|skipped)(?-u:\b)",
        "a command failed and the script went on, so the run says nothing about it",
        "take the `|| echo …` away, so that the step fails when it fails; `/ledger` shows what the tenants lack",
        "⚠ migrate_schemas --tenant failed or not available",
    ],
];

const WARNINGS: &[Row] = &[
    [
        "database_url_misparsed",
        "DATABASE_URL may have been read wrongly",
        r"(?i)database configuration: (?:db[_ ]?|database )?(?:host|port|name|user|database)\s*[:=]\s*(?:$|['\x22]{2}$|\S*[@/?]\S*$)",
        "a part of the address is empty or has a piece of another one. With PGHOST or PGPORT set on the runner another server was migrated, and the run is green all the same",
        "put the whole URL into the secret with the password percent-encoded, and parse it with `urlsplit` and `unquote` (or dj-database-url), never with sed; fail when a part is empty",
        "database configuration: Port:",
    ],
    [
        "changes_not_in_migrations",
        "models have changes without a migration",
        r"have changes that are not yet reflected in a migration",
        "the code expects columns that no migration makes",
        "`python manage.py makemigrations`, commit; `makemigrations --check --dry-run` in CI finds it before",
        "  Your models in app(s): 'support' have changes that are not yet reflected in a migration, and so won't be applied.",
    ],
];

const UNKNOWN: Row = [
    "unknown",
    "a failure that no rule knows",
    "",
    "these are the first lines that look like errors",
    "read on with `/logs`; a `[[log_rule]]` in `signalbox.toml` makes it known next time",
    "",
];

const UNKNOWN_SWALLOWED: Row = [
    "swallowed",
    "a failure was swallowed",
    "",
    "a command failed and the script went on, so the run says nothing about it",
    "let the step fail when it fails (`set -eo pipefail`, no `|| …`, no `continue-on-error`)",
    "",
];
