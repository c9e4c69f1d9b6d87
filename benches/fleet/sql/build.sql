-- Makes one tenant: its schema, the tables of django.sql and product.sql, and its ledger of 25 migrations.
CREATE FUNCTION pg_temp.build_tenant(tenant text, tables text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE SCHEMA %I', tenant);
    EXECUTE format('SET LOCAL search_path TO %I', tenant);
    EXECUTE tables;
    -- The one function that names its schema in its text and in its settings.
    EXECUTE format(
        'CREATE FUNCTION crm_open_deals() RETURNS bigint LANGUAGE sql STABLE SET search_path TO %1$I AS %2$L',
        tenant, format('SELECT count(*) FROM %I.crm_deal WHERE status = ''open''', tenant)
    );
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO fleet_app, fleet_report', tenant);
    EXECUTE 'INSERT INTO django_migrations (app, name, applied)
        SELECT app, name, applied FROM public.django_migrations ORDER BY id';
END
$$;

-- Makes the tenants numbered `first` to `last`, and commits every `every` of them: each takes some 270 locks.
CREATE PROCEDURE pg_temp.build_tenants(first integer, last integer, every integer, tables text) LANGUAGE plpgsql AS $$
DECLARE
    odd_names CONSTANT text[] := '{select,Acme-Corp,t,"ünïcode tenant"}';
    tenant text;
BEGIN
    FOR number IN first..last LOOP
        tenant := coalesce((odd_names)[number], 't' || lpad(number::text, 5, '0'));
        PERFORM pg_temp.build_tenant(tenant, tables);
        INSERT INTO public.tenants_client (schema_name, name) VALUES (tenant, initcap(tenant));
        INSERT INTO public.tenants_domain (domain, tenant_id)
            SELECT 'tenant' || number || '.example.test', id FROM public.tenants_client WHERE schema_name = tenant;
        IF number % every = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END
$$;
