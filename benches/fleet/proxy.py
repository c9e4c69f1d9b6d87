"""Counts the bytes a server sends, by standing between it and its client."""

import socket
import threading


class Counter:
    """Listens on `port` of the loopback and passes everything on to the server at `server_port`."""

    def __init__(self, server_port):
        self.server_port, self.received = server_port, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port))
            threading.Thread(target=self._pass_on, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, True), daemon=True).start()

    def _pass_on(self, source, target, counted):
        try:
            while piece := source.recv(1 << 20):
                target.sendall(piece)
                if counted:
                    with self._lock:
                        self.received += len(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()
