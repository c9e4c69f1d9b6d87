-- Alerts with their lives. Times are milliseconds since 1970.

CREATE TABLE alerts (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key         TEXT NOT NULL,
    severity    TEXT NOT NULL,
    environment TEXT,              -- NULL: Signalbox itself, or all of them
    state       TEXT NOT NULL,     -- open, acknowledged or resolved
    channel_id  BIGINT,
    message_id  BIGINT,
    opened_at   BIGINT NOT NULL,
    resolved_at BIGINT,           -- NULL: its condition holds
    document    TEXT NOT NULL,
    revision    BIGINT NOT NULL
);

-- The database decides that a condition has one open alert, however many find it at the same time.
CREATE UNIQUE INDEX alerts_open ON alerts (key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_key ON alerts (key, id);
CREATE INDEX alerts_message ON alerts (channel_id, message_id);
