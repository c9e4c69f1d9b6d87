INSERT INTO locks (reach, person_id, person_name, reason, at, until, lifted_at, lifted_by)
VALUES
    ('uat', 80351110224678912, 'Ada', 'migration rehearsal', 1790000000000, 1790007200000, 1790003600000,
     80351110224678913),
    ('all', 80351110224678912, 'Ada', 'the year ends', 1790000000000, NULL, NULL, NULL);

INSERT INTO sign_offs (deployment, n, environment, commit_sha, category, person_id, person_name, seen_at, fingerprint,
    ended_at, ended_why)
VALUES
    (1, 0, 'uat', 'ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12', 'review', 80351110224678913, 'Grace', 1790000030000,
     '{"commit":"ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12","workflow":"f00","secrets":{"DB_URL":null}}', NULL, NULL),
    (1, 1, 'uat', 'ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12', 'review', 80351110224678914, 'Lin', 1790000030000, NULL,
     1790000040000, 'withdrawn');
