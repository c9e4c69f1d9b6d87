-- What Signalbox does by itself, and when. Times are milliseconds since 1970.

CREATE TABLE schedules (
    name        TEXT PRIMARY KEY,
    spec        TEXT NOT NULL,                -- what it fires by; changed, it is planned anew
    due_at      BIGINT NOT NULL,
    claims      BIGINT NOT NULL DEFAULT 0,  -- who was overtaken is told by it
    lease_until BIGINT,
    last        TEXT                          -- what came of the last one, as JSON
);

-- What was seen last of something that is looked at again and again.
CREATE TABLE observations (
    subject     TEXT PRIMARY KEY,             -- such as health:uat
    document    TEXT NOT NULL,                -- as JSON
    observed_at BIGINT NOT NULL
);
