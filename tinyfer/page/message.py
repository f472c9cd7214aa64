"""What the page and Python say to each other: a JSON object, then bytes, in one message.

    4 bytes     length of the JSON, little-endian
    JSON        an object: what is asked, or what is answered
    the rest    arrays: a face of 48x48 bytes, a map of float32, ...

Questions and answers have the same form. The page alone can ask (see server.py), so that what comes
in is checked as far as a mistake could do harm; a `Refusal` is what the page gets to read.
"""

import json

import numpy as np

from tinyfer.data.faces import SIZE


class Refusal(Exception):
    """A bad request: the HTTP status, and one sentence that says why."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status


def pack(answer, *arrays):
    """The message of a dict and the bytes of arrays."""
    head = json.dumps(answer, allow_nan=False).encode()
    # Padded to a multiple of 4, so that the page can read float32 where the arrays begin.
    head += b" " * (-len(head) % 4)
    return len(head).to_bytes(4, "little") + head + b"".join(
        np.ascontiguousarray(a).tobytes() for a in arrays)


class Question:
    """A message that came in: question["name"] is one of its fields."""

    def __init__(self, message):
        length = int.from_bytes(message[:4], "little")
        self.fields, self.bytes = json.loads(message[4:4 + length]), message[4 + length:]

    def __getitem__(self, name):
        return self.fields[name]

    def pause(self):
        """A long answer calls this now and then: quick questions are let in between."""

    def face(self):
        """The bytes as one face: (48, 48) uint8."""
        return self.pixels(SIZE, SIZE, 1)[..., 0]

    def pixels(self, height, width, channels):
        """The bytes as a picture: (height, width, channels) uint8."""
        return np.frombuffer(self.bytes, np.uint8).reshape(height, width, channels)
