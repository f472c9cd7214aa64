"""What the tests of the page share: a server of their own, and someone who asks it."""

import http.client
import json
import socket
import threading
from contextlib import contextmanager

from tinyfer.data.drawn import draw_face
from tinyfer.page.questions import Questions
from tinyfer.page.server import Server

FACE = draw_face("happy")


@contextmanager
def serving(networks=()):
    """A Server in a thread, for the length of a with."""
    server = Server(0, Questions(networks))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def message(fields, body=b""):
    """The bytes of a question; fields: an object, or JSON as bytes; body: bytes
    or an array."""
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    body = body if isinstance(body, bytes) else body.tobytes()
    return len(text).to_bytes(4, "little") + text + body


def ask(server, name, fields, body=b""):
    """The answer, as a dict and the bytes behind it; a RuntimeError with the sentence if none."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("POST", f"/{server.token}/{name}", message(fields, body),
                       {"Origin": f"http://127.0.0.1:{server.port}"})
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    if reply.status != 200:
        raise RuntimeError(f"{reply.status}: {json.loads(content)['error']}")
    end = 4 + int.from_bytes(content[:4], "little")
    return json.loads(content[4:end]), content[end:]


def raw(server, request, finish=False, seconds=30):
    """What the server sends back for these bytes, until it hangs up: status, headers and body."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        try:
            connection.sendall(request)
            if finish:
                connection.shutdown(socket.SHUT_WR)
        except OSError:         # it has hung up already
            pass
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), body


def request(server, path=None, method="POST", body=b"", token=None, **headers):
    """An HTTP request as bytes. headers: name_with_lines -> value; None leaves one out."""
    path = f"/{token or server.token}/answer" if path is None else path
    usual = {"Host": f"127.0.0.1:{server.port}", "Origin": f"http://127.0.0.1:{server.port}",
             "Content-Length": len(body)}
    given = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in given.items() if value is not None]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
