-- Who is who at GitHub. Times are milliseconds since 1970.

CREATE TABLE links (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    person_id    INTEGER NOT NULL,
    person_name  TEXT NOT NULL,
    login        TEXT NOT NULL,  -- in lower case
    asked_at     INTEGER NOT NULL,
    confirmed_at INTEGER,         -- NULL: nobody has, so it means nothing yet
    confirmed_by INTEGER,
    removed_at   INTEGER,         -- NULL: it stands
    removed_by   INTEGER
) STRICT;

-- The database decides who is who: a person has one login, and a confirmed login one person.
CREATE UNIQUE INDEX links_person ON links (person_id) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX links_login ON links (login) WHERE removed_at IS NULL AND confirmed_at IS NOT NULL;
