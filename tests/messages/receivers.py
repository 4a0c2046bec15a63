"""Who receives messages in tests: a web server that can be unkind, and a mail server."""

from __future__ import annotations

import asyncio
import threading
import time
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """A web server that keeps what it was sent, and answers as it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.status, self.drip, self.headers = 200, 0.0, {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.got.append((self.path, dict(self.headers), body))
                if receiver.drip:
                    return self._drip()
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_PUT = do_POST  # noqa: N815

            def _drip(self) -> None:
                """Answer for ever, a byte now and then, so that no single read takes long."""
                self.close_connection = True
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not receiver.closing.is_set():
                    try:
                        self.wfile.write(b"a")
                    except OSError:
                        return
                    time.sleep(receiver.drip)

            def log_message(self, *ignored) -> None:
                pass

        self.closing = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class SmtpSink:
    """A mail server that takes every message and keeps it."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self._session, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink ESMTP\r\n")
        while line := await reader.readline():
            word = line.strip().upper()[:4]
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append(message_from_bytes((await reader.readuntil(b"\r\n.\r\n"))[:-5]))
            writer.write({b"EHLO": b"250-sink\r\n250 8BITMIME\r\n", b"QUIT": b"221 bye\r\n"}.get(word, b"250 ok\r\n"))
            await writer.drain()
            if word == b"QUIT":
                break
        writer.close()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.server.close()
        self.loop.close()
