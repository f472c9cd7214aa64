"""Fields of a dataclass that know their range: one check for all, and options made from them.

As scikit-learn's `_parameter_constraints`: what a field may hold stands beside its default, and
nowhere else. A command makes an option of every field that has a sentence of help.
"""

import math
from collections.abc import Callable
from dataclasses import field, fields
from typing import NamedTuple

from tinyfer.storage.arrays import brief


class Allowed(NamedTuple):
    """words: "a whole number from 1 to 9"; fits(value): whether it is one; parse(text): the value
    that a command line means, ValueError where it means none, or None for true or false; choices:
    where there are few."""

    words: str
    fits: Callable
    parse: Callable | None = str
    choices: tuple = ()


def whole(least, most=10**6):
    """Whole numbers, both ends included."""
    return Allowed(f"a whole number from {least} to {most}",
                   lambda value: type(value) is int and least <= value <= most, int)


def number(least, below, open_=False):
    """Numbers from `least`, itself only if not open_, to below `below`."""
    words = f"a finite number {'above' if open_ else 'from'} {least}"

    def fits(value):
        return type(value) in (int, float) and least <= value < below and not (
            open_ and value == least)

    return Allowed(words if below == math.inf else f"{words} to below {below:g}", fits, float)


def one_of(*choices):
    """One of these words or numbers."""
    def parse(text):
        return next((choice for choice in choices if str(choice) == text), text)

    return Allowed("one of " + ", ".join(map(str, choices)),
                   lambda value: type(value) in (int, str) and value in choices, parse, choices)


def instance(kind, words):
    """An object of this class."""
    return Allowed(words, lambda value: isinstance(value, kind))


def optional(allowed):
    """That, or None."""
    return allowed._replace(words=f"{allowed.words}, or nothing",
                            fits=lambda value: value is None or allowed.fits(value))


FLAG = Allowed("true or false", lambda value: type(value) is bool, None)
PATH = optional(Allowed("a path", lambda value: isinstance(value, str)))


def setting(default, allowed, help=None, **more):
    """A field of a dataclass with its default, what it may hold, and the help of its option.

    help: None for a field that has no option. more: metavar, or `option` where it is called
    otherwise.
    """
    return field(default=default, metadata=dict(allowed=allowed, help=help, **more))


def check(made, what=""):
    """ValueError naming the first field of a dataclass that holds what it may not. what: is said
    before its name."""
    for each in fields(made):
        value = getattr(made, each.name)
        if "allowed" in each.metadata and not each.metadata["allowed"].fits(value):
            raise ValueError(f"{what}{each.name} is {brief(value)}; "
                             f"expected {each.metadata['allowed'].words}")


def read(cls, values, what, later=()):
    """A dataclass out of a dict from JSON. ValueError where a name in it is unknown, or one is
    missing that is not among `later`: fields that older files lack. what: "a recipe"."""
    if not isinstance(values, dict):
        raise ValueError(f"{what} is {brief(values)}; expected names and values")
    known = {each.name for each in fields(cls)}
    for name in sorted((known ^ values.keys()) - set(later), key=str):
        raise ValueError(f"{what}: {brief(name)} is {'missing' if name in known else 'unknown'}")
    return cls(**values)
