"""The page's server: who may ask, how much, and what is refused. What is answered: questions.py.

Three locks keep everyone else out. It listens on 127.0.0.1 only; every address contains a token
that nobody can guess; and Host and Origin must be the page's own, so that no other site that is
open in the same browser can ask. The token would show in the list of processes, to every user of
the machine, where the browser is started with an address: so that is a ticket, good for one visit,
which leads on to the real address.
"""

import hmac
import json
import secrets
import socket
import sys
import threading
import time
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tinyfer.page.message import Gone, Question, Refusal

HERE = "127.0.0.1"
BODY_LIMIT = 2 * 2**20          # bytes of a question, of which the largest is a picture
BODY_SECONDS = 5                # for the body to come in
IDLE_SECONDS = 30               # a connection that asks nothing is closed
CONNECTIONS = 600               # at a time; what comes beyond is turned away
PORTS_TRIED = 20

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript",
         ".svg": "image/svg+xml"}
FILES = {"" if path.name == "index.html" else path.name: (TYPES[path.suffix], path.read_bytes())
         for path in (Path(__file__).parent / "static").iterdir() if path.suffix in TYPES}
HEADERS = {
    "Content-Security-Policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Server(ThreadingHTTPServer):
    """Listens on 127.0.0.1; questions: an object whose ask(name, question) gives the answer."""

    daemon_threads = True
    block_on_close = False                          # Ctrl-C waits for nobody
    request_queue_size = CONNECTIONS
    allow_reuse_address = sys.platform != "win32"   # there, two servers could share a port

    def __init__(self, port, questions):
        self.questions = questions
        self.token = secrets.token_urlsafe(16)
        self.ticket = secrets.token_urlsafe(16)
        self.places = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((HERE, port), Handler)

    @property
    def port(self):
        return self.server_address[1]

    @property
    def address(self):
        """Where the page is."""
        return f"http://{HERE}:{self.port}/{self.token}/"

    @property
    def visit(self):
        """The same for one visit only: an address that may be seen by others afterwards."""
        return f"http://{HERE}:{self.port}/{self.ticket}"

    def use(self, ticket):
        """Whether this is the ticket; it is not again."""
        if self.ticket is None or not _same(ticket, self.ticket):
            return False
        self.ticket = None
        return True

    def process_request(self, request, client):
        if self.places.acquire(blocking=False):
            super().process_request(request, client)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request, client):
        try:
            super().process_request_thread(request, client)
        finally:
            self.places.release()

    def handle_error(self, request, client):
        """A connection that breaks off is no event; anything else is a fault of ours."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()


def listen(port, questions, say=print):
    """A Server on this port or, where it is in use, the next free one; 0 is any free one."""
    for wanted in range(port, min(port + PORTS_TRIED, 65_536)):
        try:
            return Server(wanted, questions)
        except PermissionError:
            raise ValueError(f"port {wanted} is reserved: choose one from 1024 on") from None
        except OSError:
            following = wanted + 1
            if following < port + PORTS_TRIED:
                say(f"Port {wanted} is in use; trying {following}.")
    raise ValueError(f"no free port from {port} to {wanted}: choose another by --port")


def _same(given, secret):
    return hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "tinyfer", ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1                                   # an answer leaves in one piece

    def do_GET(self):
        try:
            self._check_host()
            first, slash, rest = self.path[1:].partition("/")
            if not slash and self.server.use(first):
                return self._reply(HTTPStatus.SEE_OTHER, "text/plain", b"",
                                   {"Location": f"/{self.server.token}/"})
            file = FILES.get(self._after_token())
            if file is None:
                raise Refusal(404, "there is no such file here")
            self._reply(HTTPStatus.OK, f"{file[0]}; charset=utf-8", file[1])
        except Refusal as refusal:
            self.refuse(refusal.status, str(refusal))

    def do_POST(self):
        try:
            self._check_host()
            name = self._after_token()
            self._check_origin()
            question = Question(self._body(), self._gone)
            answer = self.server.questions.ask(name, question)
            self._reply(HTTPStatus.OK, "application/octet-stream", answer)
        except Refusal as refusal:
            self.refuse(refusal.status, str(refusal))
        except Gone:
            self.close_connection = True
        except OSError:                             # whoever asked has hung up
            self.close_connection = True
        except Exception:
            traceback.print_exc()
            self.refuse(500, "tinyfer met an error of its own; it is printed in the terminal")

    def _check_host(self):
        hosts = self.headers.get_all("Host", [])
        known = f"{HERE}:{self.server.port}", f"localhost:{self.server.port}"
        if len(hosts) != 1 or hosts[0].lower() not in known:
            raise Refusal(403, f"this page is for {known[0]} only")

    def _check_origin(self):
        origins = self.headers.get_all("Origin", [])
        if len(origins) != 1 or origins[0].lower() != f"http://{self.headers['Host'].lower()}":
            raise Refusal(403, "only the page itself may ask here")

    def _after_token(self):
        token, slash, rest = self.path[1:].partition("/")
        if not slash or not _same(token, self.server.token):
            raise Refusal(404, "there is nothing here without the whole address, as it was printed")
        return rest.partition("?")[0]

    def _body(self):
        length = self.headers.get_all("Content-Length", [])
        if "Transfer-Encoding" in self.headers or len(length) != 1:
            raise Refusal(411, "a question needs one Content-Length")
        if not (length[0].isascii() and length[0].isdigit()):
            raise Refusal(400, "the Content-Length is no whole number")
        if len(length[0]) > 9 or int(length[0]) > BODY_LIMIT:
            raise Refusal(413, f"a question has at most {BODY_LIMIT:,} bytes")
        left, pieces = int(length[0]), []
        deadline = time.monotonic() + BODY_SECONDS
        try:
            while left:
                self.connection.settimeout(max(deadline - time.monotonic(), 0.01))
                piece = self.rfile.read1(left)
                if not piece:
                    raise Refusal(400, f"the body ends {left:,} bytes too early")
                pieces.append(piece)
                left -= len(piece)
        except TimeoutError:
            raise Refusal(408, f"the body did not come within {BODY_SECONDS} seconds") from None
        self.connection.settimeout(IDLE_SECONDS)
        return b"".join(pieces)

    def _gone(self):
        """Whether the other side has closed the connection while it waits for its answer."""
        try:
            self.connection.settimeout(0)
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            self.connection.settimeout(IDLE_SECONDS)

    def _reply(self, status, kind, body, more=()):
        self.send_response(status)
        for name, value in (HEADERS | dict(more)).items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def refuse(self, status, sentence):
        """Say why, and hang up: what else comes on this connection may be the rest of a body."""
        self.close_connection = True
        try:
            self._reply(status, "application/json", json.dumps({"error": sentence}).encode())
            self._linger()
        except OSError:
            pass

    def _linger(self):
        """Read what is still on its way: closing before would throw away the reply, unread."""
        self.connection.shutdown(socket.SHUT_WR)
        deadline = time.monotonic() + 1
        self.connection.settimeout(0.2)
        while time.monotonic() < deadline and self.connection.recv(65_536):
            pass

    def send_error(self, code, message=None, explain=None):
        """What the base class says where a request is no HTTP, or of a method that is not here."""
        if code == HTTPStatus.NOT_IMPLEMENTED:
            code, message = HTTPStatus.METHOD_NOT_ALLOWED, "only GET and POST are answered here"
        elif code == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED:
            code = HTTPStatus.BAD_REQUEST
        self.request_version = self.protocol_version    # an answer to HTTP/0.9 has no status
        self.refuse(code, (message or HTTPStatus(code).phrase)[:100])

    def log_message(self, *_):
        """The terminal stays quiet."""
