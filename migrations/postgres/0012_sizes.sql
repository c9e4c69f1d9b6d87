-- What a migration took depends on how large a tenant is and on how many are migrated side by side.

ALTER TABLE laps ADD COLUMN bytes BIGINT;
ALTER TABLE migration_jobs ADD COLUMN workers BIGINT;
