-- Effects that are to be carried out. Times are milliseconds since 1970.

CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    subject     TEXT NOT NULL UNIQUE,
    payload     TEXT NOT NULL,
    due_at      INTEGER,           -- NULL: nobody has asked for it since it was last claimed
    version     INTEGER NOT NULL,  -- how often it was claimed; whoever holds the latest claim may settle it
    lease_until INTEGER,           -- NULL: nobody is at work on it
    attempts    INTEGER NOT NULL,  -- how often it was claimed since it was last done
    done_at     INTEGER            -- set where an effect may never be repeated: the row stays to refuse it
) STRICT;

-- From when a row can be claimed: when its lease ends, or else when it is due.
CREATE INDEX outbox_ready ON outbox (COALESCE(lease_until, due_at)) WHERE done_at IS NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;
