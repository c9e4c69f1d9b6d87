-- How migrations went. Times are milliseconds since 1970, lengths milliseconds.

CREATE TABLE migration_jobs (
    job         INTEGER PRIMARY KEY,  -- GitHub's id, new in each attempt
    deployment  INTEGER NOT NULL,
    environment TEXT NOT NULL,
    commit_sha  TEXT NOT NULL,
    started_at  INTEGER NOT NULL,
    took_ms     INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    tenants     INTEGER               -- NULL: the ledgers were not read
) STRICT;

CREATE INDEX migration_jobs_environment ON migration_jobs (environment, started_at);

-- How long each migration took in each tenant; only of the latest jobs.
CREATE TABLE laps (
    job       INTEGER NOT NULL REFERENCES migration_jobs (job),
    tenant    TEXT NOT NULL,
    migration TEXT NOT NULL,
    took_ms   INTEGER NOT NULL,
    PRIMARY KEY (job, tenant, migration)
) STRICT, WITHOUT ROWID;

CREATE INDEX laps_migration ON laps (migration);
