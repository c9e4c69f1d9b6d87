-- The limit: the columns that describe a schema, of the catalogs an audit reads, of every row, as fast as the
-- server gives them. Nobody who reads a fleet whole can be cheaper than this without leaving something out.
SET jit = off;
SET max_parallel_workers_per_gather = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
COPY (SELECT oid, nspname, nspowner, nspacl::text FROM pg_namespace) TO STDOUT (FORMAT binary);
COPY (SELECT oid, relname, relnamespace, relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident,
    relispartition, reltablespace, reloftype, relam, reloptions::text, relowner, relacl::text FROM pg_class)
    TO STDOUT (FORMAT binary);
COPY (SELECT attrelid, attnum, attname, atttypid, attstorage, attacl::text, atttypmod, attnotnull, atthasdef,
    attidentity, attgenerated, attcollation, attcompression, attislocal, attinhcount, attstattarget, attoptions::text, attisdropped
    FROM pg_attribute) TO STDOUT (FORMAT binary);
COPY (SELECT indexrelid, indrelid, indkey, indcollation, indclass, indoption, indexprs::text, indpred::text,
    indisvalid, indisready, indislive, indisunique, indisprimary, indisexclusion, indimmediate, indisclustered, indisreplident,
    indnkeyatts FROM pg_index) TO STDOUT (FORMAT binary);
COPY (SELECT oid, connamespace, conname, contype, convalidated, conrelid, contypid, conindid, confrelid, conkey,
    confkey, conbin::text, condeferrable, condeferred, confupdtype, confdeltype, confmatchtype, conislocal, coninhcount,
    connoinherit, conexclop FROM pg_constraint) TO STDOUT (FORMAT binary);
COPY (SELECT oid, tgrelid, tgname, tgfoid, tgenabled, tgisinternal, tgattr, tgargs, tgqual::text, tgconstraint, tgtype,
    tgdeferrable, tginitdeferred, tgoldtable, tgnewtable FROM pg_trigger) TO STDOUT (FORMAT binary);
COPY (SELECT seqrelid, seqtypid, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle FROM pg_sequence)
    TO STDOUT (FORMAT binary);
COPY (SELECT oid, adrelid, adnum, adbin::text FROM pg_attrdef) TO STDOUT (FORMAT binary);
COPY (SELECT oid, ev_class, rulename, ev_type, ev_enabled, is_instead, ev_qual::text, ev_action::text FROM pg_rewrite)
    TO STDOUT (FORMAT binary);
COPY (SELECT oid, proname, pronamespace, proowner, prolang, prokind, prosecdef, proleakproof, proisstrict, proretset,
    provolatile, proparallel, procost, prorows, prorettype, proargtypes, proargmodes::text, proargnames, prosrc, probin,
    proconfig, proacl::text, prosqlbody::text FROM pg_proc) TO STDOUT (FORMAT binary);
COPY (SELECT oid, polrelid, polname, polcmd, polpermissive, polroles, polqual::text, polwithcheck::text FROM pg_policy)
    TO STDOUT (FORMAT binary);
COPY (SELECT objoid, classoid, objsubid, description FROM pg_description) TO STDOUT (FORMAT binary);
COPY (SELECT oid, typname, typnamespace, typowner, typtype, typcategory, typrelid, typelem, typbasetype, typtypmod,
    typnotnull, typdefault, typcollation, typacl::text FROM pg_type) TO STDOUT (FORMAT binary);
COPY (SELECT inhrelid, inhparent, inhseqno FROM pg_inherits) TO STDOUT (FORMAT binary);
COMMIT;
