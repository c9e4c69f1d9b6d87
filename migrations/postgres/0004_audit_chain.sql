-- The audit trail becomes a chain: each row's hash covers the hash before it. What was written before is set aside
-- here; the first start chains it and drops `audit_unchained`, as with SQLite, which cannot compute hashes.

DROP TRIGGER audit_is_append_only ON audit;
ALTER TABLE audit RENAME TO audit_unchained;

CREATE TABLE audit (
    seq      BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor    TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    record   TEXT,  -- the hash of the record that the change left behind
    previous TEXT   NOT NULL,
    hash     TEXT   NOT NULL
);

-- A hash, since a subject may be longer than an index entry can be.
CREATE INDEX audit_subject ON audit USING hash (subject);
CREATE INDEX audit_anchored ON audit (seq) WHERE action = 'audit.anchored';

-- The last row. NULL until what was written before is chained. Whoever appends locks it, so the chain cannot fork.
CREATE TABLE audit_head (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    seq  BIGINT,
    hash TEXT
);
INSERT INTO audit_head (one) VALUES (1);

CREATE FUNCTION append_to_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash WHERE seq = NEW.seq - 1 AND hash = NEW.previous;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'a line of the audit trail follows the last one';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER audit_follows_its_head BEFORE INSERT ON audit
FOR EACH ROW EXECUTE FUNCTION append_to_audit();

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

CREATE TRIGGER audit_head_moves_on BEFORE UPDATE ON audit_head
FOR EACH ROW WHEN (NEW.seq IS DISTINCT FROM COALESCE(OLD.seq + 1, 0)) EXECUTE FUNCTION refuse_audit_change();

CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
