-- How migrations went. Times are milliseconds since 1970, lengths milliseconds.

CREATE TABLE migration_jobs (
    job         BIGINT PRIMARY KEY,  -- GitHub's id, new in each attempt
    deployment  BIGINT NOT NULL,
    environment TEXT NOT NULL,
    commit_sha  TEXT NOT NULL,
    started_at  BIGINT NOT NULL,
    took_ms     BIGINT NOT NULL,
    outcome     TEXT NOT NULL,
    tenants     BIGINT               -- NULL: the ledgers were not read
);

CREATE INDEX migration_jobs_environment ON migration_jobs (environment, started_at);

-- How long each migration took in each tenant; only of the latest jobs.
CREATE TABLE laps (
    job       BIGINT NOT NULL REFERENCES migration_jobs (job),
    tenant    TEXT NOT NULL,
    migration TEXT NOT NULL,
    took_ms   BIGINT NOT NULL,
    PRIMARY KEY (job, tenant, migration)
);

CREATE INDEX laps_migration ON laps (migration);
