"""A private PostgreSQL cluster for the fleets: made when it is not there, started and stopped by us."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

# No durability and no background work: what is measured is what a command costs, and a lost fleet is rebuilt.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "2GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    # Not minimal: with that, the end of a copy of a fleet reads each of its million files once more.
    "wal_level": "replica",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1h",
    "logging_collector": "off",
}
DEFAULT_LOCKS, RAISED_LOCKS = 64, 4096


class Cluster:
    """The cluster in `data`. Its superuser has a password, kept beside the data for its owner alone."""

    def __init__(self, data):
        self.data, self.folder = data, data / "cluster"
        self.programs = programs()
        # PostgreSQL refuses to run as root.
        self.account = lent_account() if os.geteuid() == 0 else None
        self._make()

    def _make(self):
        self.data.mkdir(parents=True, exist_ok=True)
        if (self.folder / "PG_VERSION").exists():
            return
        secret = self.data / "password"
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(24))
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            for path in (self.data, self.folder, secret):
                os.chown(path, self.account.pw_uid, self.account.pw_gid)
        # md5, not scram: the thousands of hashes of scram would be part of every short measurement.
        self._run("initdb", "-D", self.folder, "-U", "postgres", "-A", "md5", "--pwfile", secret,
                  "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")

    def _run(self, program, *arguments):
        command = [str(self.programs / program), *map(str, arguments)]
        done = subprocess.run(command, cwd="/", env=clean_environment(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, **self._lent())
        if done.returncode:
            raise RuntimeError(f"{program} failed (is {self.data} closed to the account of the server?)\n{done.stderr}")

    def _lent(self):
        if not self.account:
            return {}
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}

    def postmaster(self):
        """The process id of the running server, or None."""
        try:
            pid, _, _, port = (self.folder / "postmaster.pid").read_text().splitlines()[:4]
            status = Path(f"/proc/{pid}/status").read_text()
        except (OSError, ValueError):
            return None
        self.port = int(port)
        return int(pid) if "postgres" in status.splitlines()[0] else None

    def start(self, locks=DEFAULT_LOCKS):
        """Starts the server with that many locks per transaction, unless it runs so already."""
        if self.postmaster():
            if int(self.ask("postgres", "SHOW max_locks_per_transaction")) == locks:
                return
            self.stop()
        port = self._keep_port()
        settings = SETTINGS | {"port": str(port), "max_locks_per_transaction": str(locks)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        log = self.folder / "server.log"
        # pg_ctl hands the log to the server, so nothing of ours stays open in it.
        self._run("pg_ctl", "-D", self.folder, "-w", "-t", "300", "-l", log, "-o", options, "start")
        self.postmaster()

    def _keep_port(self):
        """The port of the last start while it is free, so that an address given to somebody stays good."""
        remembered = self.data / "port"
        port = free_port(int(remembered.read_text()) if remembered.exists() else 0)
        remembered.write_text(str(port))
        return port

    def stop(self):
        """Stops the server; sessions are cut."""
        if self.postmaster():
            self._run("pg_ctl", "-D", self.folder, "-w", "-t", "600", "-m", "fast", "stop")

    def url(self, database, port=None):
        """The address of `database` for the superuser, with the password."""
        return f"postgres://postgres:{quote(self._password())}@127.0.0.1:{port or self.port}/{quote(database)}"

    def environment(self, database):
        """What libpq needs to reach `database`."""
        return clean_environment() | {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres",
                                      "PGPASSWORD": self._password(), "PGDATABASE": database}

    def _password(self):
        return (self.data / "password").read_text()

    def psql(self, database, script, variables=()):
        """Runs a psql script that must succeed; returns what it prints."""
        options = [option for name, value in dict(variables).items() for option in ("-v", f"{name}={value}")]
        done = subprocess.run([self.programs / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", *options, "-f", "-"],
                              input=script, env=self.environment(database), capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"psql on {database}: {done.stderr.strip()}")
        return done.stdout

    def ask(self, database, question):
        """The one value that `question` answers."""
        return self.psql(database, question).strip()


def programs():
    """The folder of the newest server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    beside = shutil.which("postgres")
    if found:
        return found[-1].parent
    if beside:
        return Path(os.path.realpath(beside)).parent
    raise SystemExit("no PostgreSQL server found; install it with: apt-get install postgresql")


def lent_account():
    """The account that runs the server for root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SystemExit("run as root, this needs an account named postgres or nobody for the server")


def clean_environment():
    """Our environment without what would sway libpq."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG") and name != "DATABASE_URL"}
    return kept | {"LC_ALL": "C.UTF-8"}


def free_port(wanted=0):
    """A loopback port nobody listens on: the wanted one if it can be had."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
        except OSError:
            return free_port()
        return listener.getsockname()[1]
