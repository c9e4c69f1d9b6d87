"""What one command costs: the processor on both sides, memory on both sides, time, bytes."""

import os
import re
import resource
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.01
HOUSEHOLD = re.compile(rb"postgres: (checkpointer|background writer|walwriter|io worker|autovacuum|logical)")


@dataclass
class Cost:
    """Seconds and bytes of one run; `said` is the last line of its output."""

    wall: float
    client_cpu: float
    server_cpu: float
    client_memory: int
    server_memory: int
    said: str

    @property
    def cpu(self):
        return self.client_cpu + self.server_cpu


class CommandFailed(Exception):
    """The command did not end well; holds the end of what it said about it."""


class Disturbed(Exception):
    """A session of somebody else ended meanwhile, so the server's figures are not the command's alone."""


def undisturbed(*arguments, attempts=10):
    """`run`, again when it was disturbed."""
    for _ in range(attempts):
        try:
            return run(*arguments)
        except Disturbed:
            continue
    raise CommandFailed("other sessions on the benchmark's server come and go")


def run(postmaster, command, environment, folder, times=1, keep_output=False):
    """Runs a shell command `times` in a row and tells what one of them cost."""
    # The kernel counts a server process's time once it is reaped, so a session that stays costs nothing here.
    strangers = set(sessions(postmaster))
    before, begun = reaped_cpu(postmaster), time.monotonic()
    client_cpu, said = 0.0, ""
    with Sampler(postmaster, strangers) as sampler, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        for _ in range(times):
            output.truncate(0)
            child = subprocess.Popen(["sh", "-c", command], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                                     stdout=output if keep_output else subprocess.DEVNULL, stderr=errors)
            sampler.client = child.pid
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise CommandFailed(f"exit code {child.returncode}: {last_line(errors)}")
            client_cpu += usage.ru_utime + usage.ru_stime
            sampler.client_memory = max(sampler.client_memory, exact_memory(usage))
        wall = time.monotonic() - begun
        said = last_line(output)
    while not strangers.issuperset(remaining := sessions(postmaster)):
        time.sleep(0.01)
    if not strangers.issubset(remaining):
        raise Disturbed
    return Cost(wall / times, client_cpu / times, (reaped_cpu(postmaster) - before) / times,
                sampler.client_memory, sampler.server_memory, said)


def exact_memory(usage):
    """The client's peak in bytes, or 0 when that figure is only what it inherited from us at its start."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage.ru_maxrss * 1024 if usage.ru_maxrss > own else 0


def last_line(file):
    """The last line written to `file`."""
    file.seek(0)
    lines = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


class Sampler(threading.Thread):
    """Watches the server's sessions and the client while a command runs."""

    def __init__(self, postmaster, strangers):
        super().__init__(daemon=True)
        self.postmaster, self.strangers, self.client = postmaster, strangers, None
        self.client_memory = self.server_memory = 0
        self._over = threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join()

    def run(self):
        while not self._over.wait(SAMPLE_SECONDS):
            for pid in set(sessions(self.postmaster)) - self.strangers:
                # Private memory only: the shared buffers it has touched are not its own.
                self.server_memory = max(self.server_memory, status_bytes(pid, "RssAnon"))
            for pid in family(self.client):
                self.client_memory = max(self.client_memory, status_bytes(pid, "VmHWM"))


def family(pid):
    """A process and what it started."""
    return [] if pid is None else [pid, *(grandchild for child in children(pid) for grandchild in family(child))]


def children(pid):
    """The child processes of a process; none when it has gone."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def sessions(postmaster):
    """The server processes that serve a client, those included that are dead but not yet reaped."""
    return [pid for pid in children(postmaster) if not HOUSEHOLD.search(read(f"/proc/{pid}/cmdline"))]


def read(path):
    """A file's bytes; none when it has gone."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def status_bytes(pid, field):
    """A field of /proc/PID/status, in bytes."""
    for line in read(f"/proc/{pid}/status").splitlines():
        if line.startswith(field.encode() + b":"):
            return int(line.split()[1]) * 1024
    return 0


def reaped_cpu(postmaster):
    """Processor seconds of all server processes that have ended."""
    fields = read(f"/proc/{postmaster}/stat").rpartition(b")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICK
