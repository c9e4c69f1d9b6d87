-- Who wants to hear of an environment in direct messages. Times are milliseconds since 1970.

CREATE TABLE subscriptions (
    person_id   BIGINT NOT NULL,
    environment TEXT NOT NULL,     -- or all
    person_name TEXT NOT NULL,
    kinds       TEXT NOT NULL,     -- words with commas between
    since       BIGINT NOT NULL,
    paused_at   BIGINT,           -- since when their direct messages are closed
    PRIMARY KEY (person_id, environment)
);
