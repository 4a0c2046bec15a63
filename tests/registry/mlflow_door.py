"""A door before a server of MLflow, that can be shut at any request."""

import re
import socket
import threading

from deepthink.flow.wiring import Site
from deepthink.settings import load


class Hooked:
    """A server before a server: it cuts the connection at the request of a number, or answers what it is told to.

    Parameters
    ----------
    port : int
        Of the real server.
    dies_at : int, optional
        The request that it does not answer any more, counted from 1.
    after : bool
        Whether that request has been carried out by then.
    """

    def __init__(self, port, dies_at=0, after=False):
        self.port, self.dies_at, self.after, self.seen = port, dies_at, after, 0
        self.door = socket.create_server(("127.0.0.1", 0))
        self.uri = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                caller, _ = self.door.accept()
            except OSError:
                return
            self.seen += 1
            dying = self.dies_at and self.seen >= self.dies_at
            if dying and not (self.after and self.seen == self.dies_at):
                caller.close()
                continue
            with caller, socket.create_connection(("127.0.0.1", self.port)) as real:
                real.sendall(self.request(caller))
                answer = b"".join(iter(lambda: real.recv(1 << 16), b""))
                if not dying:
                    caller.sendall(answer)

    def request(self, caller):
        """Read a request, and ask for one answer on this connection, so that requests can be counted."""
        held = b""
        while b"\r\n\r\n" not in held:
            held += caller.recv(1 << 16)
        head, _, body = held.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        chunked = b"chunked" in head  # as a file without a byte is sent
        while (length and len(body) < int(length[1])) or (chunked and not body.endswith(b"0\r\n\r\n")):
            body += caller.recv(1 << 16)
        head = re.sub(rb"(?i)\r\nconnection: [^\r]*", b"", head) + b"\r\nConnection: close"
        return head + b"\r\n\r\n" + body

    def close(self):
        self.door.close()


def behind(site, uri):
    """The same site, by another way to the server."""
    return Site(load(site.settings.root, [f"mlflow.uri={uri}", f"mlflow.model={site.mlflow.name}"]))
