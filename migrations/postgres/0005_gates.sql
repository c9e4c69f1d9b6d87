-- Locks on environments, and signatures. Times are milliseconds since 1970.

CREATE TABLE locks (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    reach       TEXT   NOT NULL,  -- the name of an environment, or `all`
    person_id   BIGINT NOT NULL,
    person_name TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    until       BIGINT,           -- NULL: until somebody lifts it
    lifted_at   BIGINT,           -- NULL: nobody has, though it may have ended by itself
    lifted_by   BIGINT
);

-- The database decides who holds a lock.
CREATE UNIQUE INDEX locks_in_force ON locks (reach) WHERE lifted_at IS NULL;

-- Rows are added and their end is filled in; none is removed.
CREATE TABLE sign_offs (
    deployment  BIGINT NOT NULL REFERENCES deployments (id),
    n           BIGINT NOT NULL,  -- the order in which they were seen
    environment TEXT   NOT NULL,
    commit_sha  TEXT   NOT NULL,
    category    TEXT   NOT NULL,
    person_id   BIGINT NOT NULL,
    person_name TEXT   NOT NULL,
    seen_at     BIGINT NOT NULL,
    fingerprint TEXT,             -- what was signed; NULL where no rule asked for signatures
    ended_at    BIGINT,           -- NULL: the reaction still stands
    ended_why   TEXT,
    PRIMARY KEY (deployment, n),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);

CREATE INDEX sign_offs_commit ON sign_offs (environment, commit_sha);
