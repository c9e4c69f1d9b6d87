-- Locks on environments, and signatures. Times are milliseconds since 1970.

CREATE TABLE locks (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    reach       TEXT   NOT NULL,  -- the name of an environment, or `all`
    person_id   INTEGER NOT NULL,
    person_name TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    at          INTEGER NOT NULL,
    until       INTEGER,           -- NULL: until somebody lifts it
    lifted_at   INTEGER,           -- NULL: nobody has, though it may have ended by itself
    lifted_by   INTEGER
) STRICT;

-- The database decides who holds a lock.
CREATE UNIQUE INDEX locks_in_force ON locks (reach) WHERE lifted_at IS NULL;

-- Rows are added and their end is filled in; none is removed.
CREATE TABLE sign_offs (
    deployment  INTEGER NOT NULL REFERENCES deployments (id),
    n           INTEGER NOT NULL,  -- the order in which they were seen
    environment TEXT   NOT NULL,
    commit_sha  TEXT   NOT NULL,
    category    TEXT   NOT NULL,
    person_id   INTEGER NOT NULL,
    person_name TEXT   NOT NULL,
    seen_at     INTEGER NOT NULL,
    fingerprint TEXT,             -- what was signed; NULL where no rule asked for signatures
    ended_at    INTEGER,           -- NULL: the reaction still stands
    ended_why   TEXT,
    PRIMARY KEY (deployment, n),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
) STRICT;

CREATE INDEX sign_offs_commit ON sign_offs (environment, commit_sha);
