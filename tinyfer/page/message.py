"""What the page and Python say to each other: a JSON object, then bytes, in one message.

    4 bytes     length of the JSON, little-endian
    JSON        an object: what is asked, or what is answered
    the rest    arrays: a face of 48x48 bytes, a map of float32, ...

Questions and answers have the same form. What comes in is checked field by field here; a `Refusal`
is what the page gets to read where something does not fit.
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
    """A message that came in. The methods read its fields, or raise a Refusal."""

    def __init__(self, message):
        self.fields, self.bytes = _unpack(message)

    def pause(self):
        """A long answer calls this now and then: quick questions are let in between."""

    def _get(self, name, kinds, fits, expected):
        """A field of one of some types that fits; bool counts as a type of its own."""
        if name not in self.fields:
            raise Refusal(400, f"the question has no {name!r}")
        value = self.fields[name]
        if type(value) not in kinds or not fits(value):
            raise Refusal(400, f"{name} is {_short(value)}; expected {expected}")
        return value

    def choice(self, name, options):
        """One of some words."""
        return self._get(name, (str,), lambda word: word in options,
                         f"one of {_short(', '.join(options), 120)}")

    def flag(self, name):
        """True or False."""
        return self._get(name, (bool,), lambda _: True, "true or false")

    def whole(self, name, low, high):
        """A whole number in low..high, both included."""
        return self._get(name, (int,), lambda number: low <= number <= high,
                         f"a whole number from {low} to {high}")

    def number(self, name, low, high):
        """A finite number in low..high, both included."""
        return float(self._get(name, (int, float), lambda number: low <= number <= high,
                               f"a number from {low:g} to {high:g}"))

    def numbers(self, name, ranges):
        """An object of numbers, each under a name of `ranges`: name -> (low, high)."""
        def fits(given):
            return given.keys() <= ranges.keys() and all(
                type(each) in (int, float) and ranges[key][0] <= each <= ranges[key][1]
                for key, each in given.items())

        return self._get(name, (dict,), fits, "an object of numbers within their ranges")

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
    try:
        fields = json.loads(message[4:4 + length])
    except (ValueError, RecursionError):
        raise Refusal(400, "the question is no valid JSON") from None
    if not isinstance(fields, dict):
        raise Refusal(400, "the question is no JSON object")
    return fields, message[4 + length:]


def _short(value, length=40):
    text = value if isinstance(value, str) and value.isprintable() else json.dumps(value)
    return text if len(text) <= length else text[:length] + "..."
