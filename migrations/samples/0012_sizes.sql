UPDATE migration_jobs SET workers = 4 WHERE job = 41000000001;
UPDATE laps SET bytes = 1048576 WHERE tenant = 'acme';
