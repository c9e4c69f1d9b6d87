"""Starts of Django that share their imports, which are most of what a start takes.

`warm.py SOCKET` imports what needs no settings, prints a line, and until its standard input is closed does each call
of `manage.py` that is handed over to it in a process of its own: forked, with the caller's arguments, folder and files,
and its variables but for those that Python reads when it starts. What is printed is what the caller would have printed.
"""

import contextlib
import gc
import marshal
import os
import select
import signal
import socket
import sys
import types

SHARED = [
    "concurrent.futures",
    "django.contrib.auth.hashers",
    "django.contrib.auth.password_validation",
    "django.contrib.postgres.fields",
    "django.core.management.commands.makemigrations",
    "django.core.management.commands.migrate",
    "django.db.backends.postgresql.base",
    "django.views.debug",
    "multiprocessing.pool",
]
# Bytes of a length or of an exit code.
NUMBER = 4


def hand_over(address):
    """Has a warm process do this call of `manage.py`, and ends as that does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        call = marshal.dumps((sys.argv, os.getcwd(), dict(os.environ)))
        socket.send_fds(connection, [len(call).to_bytes(NUMBER, "big")], [0, 1, 2])
        connection.sendall(call)
        answer = connection.recv(NUMBER)
    if not answer:
        sys.exit("warm.py: the process that looked after this call is gone")
    code = int.from_bytes(answer, "big", signed=True)
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)


def serve(address):
    for module in SHARED:
        __import__(module)
    gc.disable()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    # One that was killed leaves its socket.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(address)
    # Whoever may connect may have us run what they like.
    usual = os.umask(0o077)
    listener.bind(address)
    os.umask(usual)
    listener.listen(64)
    print("ready", flush=True)
    while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            look_after(connection)
        connection.close()
    os.unlink(address)


def look_after(connection):
    """Does one call, and kills it when its caller ends; what it started itself goes on."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(connection, NUMBER, 3)
    with connection.makefile("rb") as stream:
        call = marshal.loads(stream.read(int.from_bytes(size, "big")))
    worker = os.fork()
    if worker == 0:
        connection.close()
        work(files, *call)
    for file in files:
        os.close(file)
    ended = os.pidfd_open(worker)
    if ended not in select.select([connection, ended], [], [])[0]:
        os.kill(worker, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    try:
        connection.sendall(code.to_bytes(NUMBER, "big", signed=True))
    finally:
        os._exit(0)


def work(files, arguments, folder, variables):
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    script = os.path.abspath(arguments[0])
    sys.argv, sys.path[0] = arguments, os.path.dirname(script)
    sys.excepthook = lambda kind, error, trace: show(script, error, trace)
    sys.modules["__main__"] = main = types.ModuleType("__main__")
    main.__file__ = script
    with open(script, "rb") as text:
        code = compile(text.read(), script, "exec")
    exec(code, vars(main))
    sys.exit()


def show(script, error, trace):
    """As Python does, with the part of the traceback that the script by itself would have."""
    while trace.tb_next and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    sys.__excepthook__(type(error), error.with_traceback(trace), trace)


if __name__ == "__main__":
    # By its name, by which `manage.py` knows that this is done.
    import warm

    warm.serve(sys.argv[1])
