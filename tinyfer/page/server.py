"""The page's server: who may ask, how much, and what is refused. What is answered: questions.py.

Three locks keep everyone else out. It listens on 127.0.0.1 only; every address contains a token
that nobody can guess; and Host and Origin must be the page's own, so that no other site that is
open in the same browser can ask. A connection is for one request, in a thread of its own.
"""

import hmac
import json
import secrets
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tinyfer.page.message import Question, Refusal

HERE = "127.0.0.1"
BODY_LIMIT = 2 * 2**20          # bytes of a question, of which the largest is a picture

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FILES = {"" if path.name == "index.html" else path.name: (TYPES[path.suffix], path.read_bytes())
         for path in (Path(__file__).parent / "static").iterdir() if path.suffix in TYPES}
HEADERS = {
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1; questions: an object whose ask(name, question) gives the answer."""

    daemon_threads = True
    block_on_close = False                          # Ctrl-C waits for nobody
    request_queue_size = 128
    allow_reuse_address = sys.platform != "win32"   # there, two servers could share a port

    def __init__(self, port, questions):
        self.questions = questions
        self.token = secrets.token_urlsafe(16)
        super().__init__((HERE, port), Handler)

    @property
    def address(self):
        """Where the page is."""
        return f"http://{HERE}:{self.server_port}/{self.token}/"

    def handle_error(self, *_):
        """A connection that breaks off is no event; our own faults are told by `_answer`."""


def listen(port, questions):
    """A Server on this port or, where it is in use, on any free one, as on 0."""
    try:
        return Server(port, questions)
    except OSError:
        return Server(0, questions)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tinyfer", ""
    timeout = 5                                     # seconds, for the next bytes of a request,
    patience = 20                                   # and for all of them
    wbufsize = -1                                   # an answer leaves in one piece

    def handle(self):
        def read_no_more():
            with suppress(OSError):                 # whoever asks has hung up
                self.connection.shutdown(socket.SHUT_RD)

        slow = threading.Timer(self.patience, read_no_more)
        slow.start()
        super().handle()
        slow.cancel()

    def do_GET(self):
        def file(name):
            if name not in FILES:
                raise Refusal(404, "there is no such file here")
            return FILES[name]

        self._answer(file)

    def do_POST(self):
        def answer(name):
            if self.headers.get_all("Origin") != [f"http://{self.headers['Host']}"]:
                raise Refusal(403, "only the page itself may ask here")
            try:
                question = Question(self._body())
            except ValueError:
                raise Refusal(400, "the question is no valid JSON") from None
            return "application/octet-stream", self.server.questions.ask(name, question)

        self._answer(answer)

    def _answer(self, find):
        """Send what find(name) returns, a type and bytes, or say why there is none."""
        try:
            hosts = f"{HERE}:{self.server.server_port}", f"localhost:{self.server.server_port}"
            if self.headers.get_all("Host", [""]) not in [[host] for host in hosts]:
                raise Refusal(403, f"this page is for {hosts[0]} only")
            self._reply(200, *find(self._after_token()))
        except Refusal as refusal:
            self._refuse(refusal.status, str(refusal))
        except OSError:                             # whoever asked has hung up, or is too slow
            self.close_connection = True
        except Exception:
            traceback.print_exc()
            self._refuse(500, "tinyfer met an error of its own; it is printed in the terminal")

    def _after_token(self):
        token, slash, rest = self.path[1:].partition("/")
        known = hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode())
        if not slash or not known:
            raise Refusal(404, "there is nothing here without the whole address, as it was printed")
        return rest.partition("?")[0]

    def _body(self):
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(411, "a question needs a Content-Length")
        if len(length) > 9 or int(length) > BODY_LIMIT:
            raise Refusal(413, f"a question has at most {BODY_LIMIT:,} bytes")
        return self.rfile.read(int(length))

    def _reply(self, status, kind, body):
        self.close_connection = True
        self.connection.settimeout(self.timeout)
        self.send_response(status)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _refuse(self, status, sentence):
        """Say why; then read on for a moment, since closing on unread bytes discards the reply."""
        try:
            self._reply(status, "application/json", json.dumps({"error": sentence}).encode())
            self.connection.shutdown(socket.SHUT_WR)
            end = time.monotonic() + 0.5
            self.connection.settimeout(0.2)
            while time.monotonic() < end and self.connection.recv(65_536):
                pass
        except OSError:
            pass

    def log_message(self, *_):
        """The terminal stays quiet."""
