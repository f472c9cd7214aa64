"""What the tests of the page share: a server of their own, and someone who asks it."""

import http.client
import json
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
    """The bytes of a question; fields: an object, or JSON as bytes; body: bytes or an array."""
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    body = body if isinstance(body, bytes) else body.tobytes()
    return len(text).to_bytes(4, "little") + text + body


def request(server, name="answer", body=b"", method="POST", token=None, **headers):
    """What the server sends back: status, headers and body. headers: name_with_lines -> value; None
    leaves out one of those that are usual."""
    own = f"127.0.0.1:{server.server_port}"
    usual = {"Host": own, "Origin": f"http://{own}", "Content-Length": len(body)}
    given = usual | {each.replace("_", "-"): value for each, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.putrequest(method, f"/{token or server.token}/{name}", skip_host=True)
    for each, value in given.items():
        if value is not None:
            connection.putheader(each, str(value))
    connection.endheaders(body)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, reply.headers, content
