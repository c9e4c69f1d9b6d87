-- Deployments and the audit trail. Times are milliseconds since 1970, truth values 0 or 1.

CREATE TABLE deployments (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key           TEXT   NOT NULL UNIQUE,
    environment   TEXT   NOT NULL,
    holds         BIGINT NOT NULL CHECK (holds IN (0, 1)),
    repository    TEXT   NOT NULL,
    run_id        BIGINT,
    run_attempt   BIGINT,
    interaction   BIGINT UNIQUE,
    card_channel  BIGINT,
    card_message  BIGINT,
    state         TEXT   NOT NULL,
    active        BIGINT NOT NULL CHECK (active IN (0, 1)),
    requested_at  BIGINT NOT NULL,
    revision      BIGINT NOT NULL,
    document      TEXT   NOT NULL,
    CHECK ((run_id IS NULL) = (run_attempt IS NULL)),
    CHECK ((card_channel IS NULL) = (card_message IS NULL))
);

-- The database decides who holds an environment, and which deployment an execution belongs to.
CREATE UNIQUE INDEX deployments_holder ON deployments (environment) WHERE holds = 1;
CREATE UNIQUE INDEX deployments_execution ON deployments (repository, run_id, run_attempt) WHERE run_id IS NOT NULL;
CREATE INDEX deployments_card ON deployments (card_message) WHERE card_message IS NOT NULL;
CREATE INDEX deployments_active ON deployments (id) WHERE active = 1;
CREATE INDEX deployments_environment ON deployments (environment, id);

CREATE TABLE audit (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    action  TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    detail  TEXT   NOT NULL
);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END;
$$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
