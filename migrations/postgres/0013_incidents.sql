-- Incidents with what was noted. Times are milliseconds since 1970.

CREATE TABLE incidents (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment TEXT,              -- NULL: all of them
    opened_at   BIGINT NOT NULL,
    closed_at   BIGINT,           -- NULL: people work on it
    document    TEXT NOT NULL,
    revision    BIGINT NOT NULL
);

CREATE INDEX incidents_closed_at ON incidents (closed_at);
