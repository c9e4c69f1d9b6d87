-- What came in and must not be forgotten, nor handled twice. Times are milliseconds since 1970.

CREATE TABLE interactions (
    id          INTEGER PRIMARY KEY,
    token       TEXT,  -- a secret; NULL as soon as the interaction has its answer
    command     TEXT   NOT NULL,
    person_id   INTEGER NOT NULL,
    person_name TEXT   NOT NULL,
    at          INTEGER NOT NULL
) STRICT;

CREATE INDEX interactions_at ON interactions (at);

CREATE TABLE deliveries (
    guid        TEXT   PRIMARY KEY,
    received_at INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_received_at ON deliveries (received_at);
