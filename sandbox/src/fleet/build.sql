-- Makes one tenant's schema as `migrate_schemas` would: its tables, then its ledger of migrations.
CREATE FUNCTION pg_temp.build_tenant(tenant text, tables text, apps text[], names text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', tenant);
    EXECUTE format('SET LOCAL search_path TO %I', tenant);
    EXECUTE tables;
    EXECUTE format(
        'INSERT INTO %I.django_migrations (app, name, applied)
         SELECT app, name, now() - interval ''90 days'' + place * interval ''1 day''
         FROM unnest($1, $2) WITH ORDINALITY AS history (app, name, place) ORDER BY place',
        tenant
    ) USING apps, names;
END
$$
