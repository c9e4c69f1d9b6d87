-- The audit trail becomes a chain: each row's hash covers the hash before it. SQLite cannot compute it, so what was
-- written before is set aside here; the first start chains it and drops `audit_unchained`.

DROP TRIGGER audit_keeps_what_it_says;
DROP TRIGGER audit_keeps_its_lines;
ALTER TABLE audit RENAME TO audit_unchained;

CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    record   TEXT,  -- the hash of the record that the change left behind
    previous TEXT    NOT NULL,
    hash     TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_subject ON audit (subject, seq);
CREATE INDEX audit_anchored ON audit (seq) WHERE action = 'audit.anchored';

-- The last row. NULL until what was written before is chained.
CREATE TABLE audit_head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER,
    hash TEXT
) STRICT;
INSERT INTO audit_head (one) VALUES (1);

CREATE TRIGGER audit_follows_its_head BEFORE INSERT ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_head WHERE seq = NEW.seq - 1 AND hash = NEW.previous)
BEGIN
    SELECT RAISE(ABORT, 'a line of the audit trail follows the last one');
END;

CREATE TRIGGER audit_moves_its_head AFTER INSERT ON audit
BEGIN
    UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
END;

CREATE TRIGGER audit_keeps_what_it_says BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_keeps_its_lines BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_head_moves_on BEFORE UPDATE ON audit_head
WHEN NEW.seq IS NOT COALESCE(OLD.seq + 1, 0)
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;

CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the audit trail is append-only');
END;
