"""The fleets: one database for each size, a larger one grown from a copy of the next smaller."""

import queue
import threading
import time
from pathlib import Path

SQL = Path(__file__).parent / "sql"
# A session's memory grows with what it creates, so each makes this many tenants.
TENANTS_PER_SESSION = 100
# Two sessions at once stay below the default lock table of 6,400 with this many tenants uncommitted in each.
TENANTS_PER_COMMIT = 8
ROLES = """
SELECT format('CREATE ROLE %I NOLOGIN', name) FROM unnest('{fleet_app,fleet_report}'::text[]) name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \\gexec
"""
# Only the catalogs: a VACUUM of everything keeps each relation it saw in memory, 2 GB at 5,000 tenants.
VACUUM = """
SELECT format('VACUUM ANALYZE %s', oid::regclass) FROM pg_class WHERE relkind = 'r' AND relnamespace = 11 \\gexec
VACUUM ANALYZE public.tenants_client, public.tenants_domain;
CHECKPOINT;
"""


def database(size):
    """The name of the database with `size` tenants."""
    return f"fleet_{size}"


def build(cluster, sizes, say):
    """Makes the fleets that are not there, smallest first, and yields each size once it is ready."""
    cluster.psql("postgres", ROLES)
    smaller = None
    for size in sorted(sizes):
        name = database(size)
        # A fleet is renamed to its name only when it is whole, so one that was interrupted is made again.
        if not exists(cluster, name):
            begun = time.monotonic()
            say(f"making {size:,} tenants")
            make(cluster, smaller, size)
            say(f"made {size:,} tenants in {time.monotonic() - begun:,.0f} s")
        smaller = size
        yield size


def exists(cluster, name):
    """Whether there is a database of that name."""
    return cluster.ask("postgres", f"SELECT count(*) FROM pg_database WHERE datname = '{name}'") == "1"


def make(cluster, smaller, size):
    """Makes one fleet, from a copy of the fleet with `smaller` tenants when there is one."""
    draft = database(size) + "_draft"
    cluster.psql("postgres", f"DROP DATABASE IF EXISTS {draft}")
    template = database(smaller) if smaller else "template0"
    cluster.psql("postgres", f"CREATE DATABASE {draft} TEMPLATE {template}")
    if not smaller:
        cluster.psql(draft, (SQL / "public.sql").read_text())
    grow(cluster, draft, (smaller or 0) + 1, size)
    cluster.psql(draft, VACUUM)
    cluster.psql("postgres", f"ALTER DATABASE {draft} RENAME TO {database(size)}")


def grow(cluster, name, first, last):
    """Adds the tenants numbered `first` to `last` over two sessions at a time."""
    chunks = queue.SimpleQueue()
    for start in range(first, last + 1, TENANTS_PER_SESSION):
        chunks.put((start, min(start + TENANTS_PER_SESSION - 1, last)))
    failures = []

    def work():
        while not failures:
            try:
                start, end = chunks.get_nowait()
            except queue.Empty:
                return
            try:
                cluster.psql(name, chunk_script(start, end))
            except RuntimeError as failure:
                failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def chunk_script(start, end):
    """The psql script of one session; its server process steps back behind whatever else the machine does."""
    tables = (SQL / "django.sql").read_text() + (SQL / "product.sql").read_text()
    return "\n".join([
        "SELECT pg_backend_pid() AS backend \\gset",
        "\\setenv BACKEND :backend",
        "\\! renice -n 10 -p $BACKEND >/dev/null",
        "SET client_min_messages = warning;",
        (SQL / "build.sql").read_text(),
        f"CALL pg_temp.build_tenants({start}, {end}, {TENANTS_PER_COMMIT}, $tables${tables}$tables$);",
    ])
