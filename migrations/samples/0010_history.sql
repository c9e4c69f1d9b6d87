INSERT INTO migration_jobs (job, deployment, environment, commit_sha, started_at, took_ms, outcome, tenants)
VALUES
    (41000000001, 1, 'uat', 'ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12', 1790000010000, 92000, 'succeeded', 2),
    (41000000002, 2, 'uat', 'ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12', 1790000110000, 734000, 'timed out', NULL);

INSERT INTO laps (job, tenant, migration, took_ms)
VALUES
    (41000000001, 'acme', 'orders.0005_order_priority', 1840),
    (41000000001, 'ünïcode tenant', 'orders.0005_order_priority', 2011);
