INSERT INTO outbox (subject, payload, due_at, version, lease_until, attempts, done_at)
VALUES
    ('show:2', '{"effect":"show","deployment":2}', 1790000000000, 4, NULL, 0, NULL),
    ('observe:acme/shop:15000000002', '{"effect":"observe","repository":"acme/shop","run":15000000002}', NULL, 7,
     1790000020000, 2, NULL),
    ('tell:1:end', '{"effect":"tell","deployment":1,"matter":"end","text":"Succeeded."}', NULL, 1, NULL, 1,
     1789999999000);
