-- Incidents with what was noted. Times are milliseconds since 1970.

CREATE TABLE incidents (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    environment TEXT,              -- NULL: all of them
    opened_at   INTEGER NOT NULL,
    closed_at   INTEGER,           -- NULL: people work on it
    document    TEXT NOT NULL,
    revision    INTEGER NOT NULL
) STRICT;

CREATE INDEX incidents_closed_at ON incidents (closed_at);
