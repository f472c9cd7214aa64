"""What the page and Python say to each other: a JSON object, then bytes, in one message.

    4 bytes     length of the JSON, little-endian
    JSON        an object: what is asked, or what is answered
    the rest    arrays: a face of 48x48 bytes, a map of float32, ...

Questions and answers have the same form. What comes in is checked field by field here; a `Refusal`
is what the page gets to read where something does not fit.
"""

import json
import math

import numpy as np

from tinyfer.data.faces import SIZE

JSON_LIMIT = 16_384


class Refusal(Exception):
    """A bad request: the HTTP status, and one sentence that says why."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status = status


class Gone(Exception):
    """Whoever asked no longer waits for the answer."""


def pack(answer, *arrays):
    """The message of a dict and the bytes of arrays."""
    head = json.dumps(answer, allow_nan=False).encode()
    # Padded to a multiple of 4, so that the page can read float32 where the arrays begin.
    head += b" " * (-len(head) % 4)
    return len(head).to_bytes(4, "little") + head + b"".join(
        np.ascontiguousarray(a).tobytes() for a in arrays)


class Question:
    """A message that came in. The methods read its fields, or raise a Refusal.

    gone: function that tells whether whoever asked has hung up. pause: function that a long answer
    calls now and then; it lets quick questions in between, and raises Gone.
    """

    def __init__(self, message, gone=lambda: False):
        self.fields, self.bytes = _unpack(message)
        self.gone = gone
        self.pause = lambda: None

    def _get(self, name):
        if name not in self.fields:
            raise Refusal(400, f"the question has no {name!r}")
        return self.fields[name]

    def choice(self, name, options):
        """One of some words."""
        value = self._get(name)
        if not isinstance(value, str) or value not in options:
            raise Refusal(400, f"{name} is {_short(value)}; expected one of "
                               f"{_short(', '.join(options), 120)}")
        return value

    def flag(self, name):
        """True or False."""
        value = self._get(name)
        if not isinstance(value, bool):
            raise Refusal(400, f"{name} is {_short(value)}; expected true or false")
        return value

    def whole(self, name, low, high):
        """A whole number in low..high, both included."""
        value = self._get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Refusal(400, f"{name} is {_short(value)}; expected a whole number "
                               f"from {low} to {high}")
        return value

    def number(self, name, low, high):
        """A finite number in low..high, both included."""
        return _number(name, self._get(name), low, high)

    def numbers(self, name, ranges):
        """An object of numbers, each under a name of `ranges`: name -> (low, high)."""
        value = self._get(name)
        if not isinstance(value, dict) or not value.keys() <= ranges.keys():
            raise Refusal(400, f"{name} is {_short(value)}; expected an object of numbers, "
                               "each under a name that is known")
        return {key: _number(key, each, *ranges[key]) for key, each in value.items()}

    def face(self):
        """The bytes as one face: (48, 48) uint8."""
        return self.pixels(SIZE, SIZE, 1)[..., 0]

    def pixels(self, height, width, channels):
        """The bytes as a picture: (height, width, channels) uint8."""
        expected = height * width * channels
        if len(self.bytes) != expected:
            raise Refusal(400, f"{len(self.bytes):,} bytes came with the question; expected "
                               f"{height} x {width} x {channels} = {expected:,}")
        return np.frombuffer(self.bytes, np.uint8).reshape(height, width, channels)


def _unpack(message):
    length = int.from_bytes(message[:4], "little")
    if len(message) < 4 or length > len(message) - 4:
        raise Refusal(400, "the message is cut short: its JSON is not all there")
    if length > JSON_LIMIT:
        raise Refusal(413, f"the JSON of a question has {length:,} bytes; at most {JSON_LIMIT:,}")
    try:
        fields = json.loads(message[4:4 + length], parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal(400, "the question is no valid JSON") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "the question is no JSON object")
    return fields, message[4 + length:]


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def _number(name, value, low, high):
    fits = isinstance(value, (int, float)) and not isinstance(value, bool)
    # The comparison is safe for whole numbers of any length; isfinite is not.
    if not fits or not low <= value <= high or not math.isfinite(value):
        raise Refusal(400, f"{name} is {_short(value)}; expected a number "
                           f"from {low:g} to {high:g}")
    return float(value)


def _short(value, length=40):
    plain = isinstance(value, str) and value.isprintable()
    text = value if plain else json.dumps(value)
    return text if len(text) <= length else text[:length] + "..."
