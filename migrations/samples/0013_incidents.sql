INSERT INTO incidents (environment, opened_at, closed_at, document, revision)
VALUES
    ('uat', 1790000000000, 1790003600000,
     '{"opened":{"by":{"id":5,"name":"erin"},"at":"2026-09-21T14:13:20Z","text":"login is down"},"environment":"uat","notes":[{"by":{"id":5,"name":"erin"},"at":"2026-09-21T14:20:00Z","text":"rolled back"}],"closed":[{"id":5,"name":"erin"},"2026-09-21T15:13:20Z"]}', 2),
    (NULL, 1790000000000, NULL,
     '{"opened":{"by":{"id":5,"name":"erin"},"at":"2026-09-21T14:13:20Z","text":"search is slow"},"environment":null,"notes":[],"closed":null}', 0);
