-- Deployments and the audit trail. Times are milliseconds since 1970, truth values 0 or 1.

CREATE TABLE deployments (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    key           TEXT    NOT NULL UNIQUE,
    environment   TEXT    NOT NULL,
    holds         INTEGER NOT NULL CHECK (holds IN (0, 1)),
    repository    TEXT    NOT NULL,
    run_id        INTEGER,
    run_attempt   INTEGER,
    interaction   INTEGER UNIQUE,
    card_channel  INTEGER,
    card_message  INTEGER,
    state         TEXT    NOT NULL,
    active        INTEGER NOT NULL CHECK (active IN (0, 1)),
    requested_at  INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    document      TEXT    NOT NULL CHECK (json_valid(document)),
    CHECK ((run_id IS NULL) = (run_attempt IS NULL)),
    CHECK ((card_channel IS NULL) = (card_message IS NULL))
) STRICT;

-- The database decides who holds an environment, and which deployment an execution belongs to.
CREATE UNIQUE INDEX deployments_holder ON deployments (environment) WHERE holds = 1;
CREATE UNIQUE INDEX deployments_execution ON deployments (repository, run_id, run_attempt) WHERE run_id IS NOT NULL;
CREATE INDEX deployments_card ON deployments (card_message) WHERE card_message IS NOT NULL;
CREATE INDEX deployments_active ON deployments (id) WHERE active = 1;
CREATE INDEX deployments_environment ON deployments (environment, id);

CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    detail  TEXT    NOT NULL
) STRICT;

CREATE TRIGGER audit_keeps_what_it_says BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_keeps_its_lines BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
