INSERT INTO schedules (name, spec, due_at, claims, lease_until, last)
VALUES
    ('health', '* * * * * UTC', 1790000060000, 3, NULL,
     '{"due":"2026-09-21T14:13:20Z","began":"2026-09-21T14:13:20Z","ended":"2026-09-21T14:13:21Z","outcome":{"answer":"pass","says":"all up"}}'),
    ('nightly', '0 3 * * * Europe/Berlin', 1790000000000, 1, 1790000060000, NULL);

INSERT INTO observations (subject, document, observed_at)
VALUES ('health:uat', '{"looks":[],"seen":[],"held":null}', 1790000000000);
