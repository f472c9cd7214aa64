"""The checker: it says not only that an answer is wrong but, where it knows the mistake, which one.

    same("dx", found, right)            an array, and what is usually wrong with one
    slope(forward, x, dout)             the gradient as it is measured
    check_gradients(found, forward, dout, x=x, w=w)         gradients against those measured
    check_backward(layer, x, dout)      a layer's backward against its own forward, all gradients
    derivation(function)                the function, refused where it calls what it should derive
    by_hand("faces", answer)            numbers worked out on paper, kept as hashes in answers.json

A known mistake is an edit of the solution: marking.py runs the solutions with each edit that
docs/solutions/mistakes.json has for a test, and names the one that makes the same wrong array.
"""

import hashlib
import inspect
import json
import sys
from pathlib import Path

import numpy as np

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text(encoding="utf-8"))
FOREIGN = {"tinyfer", "torch", "jax", "tensorflow", "keras", "autograd", "scipy"}


class Wrong(AssertionError):
    """An answer that is not right. mistake: which of the known ones it is, or None."""

    def __init__(self, message, mistake=None):
        super().__init__(message)
        self.mistake = mistake


class WrongArray(Wrong):
    """found is not right, to `tolerance` times the largest number in right."""

    def __init__(self, name, found, right, tolerance, mistake=None):
        self.given = name, found, right, tolerance
        mistake = mistake or usual_mistake(found, right, max(tolerance, 1e-7))
        said = f"{name} is wrong" + (f": {mistake}" if mistake else "")
        if found.shape != right.shape:
            said += f"\n  it has the shape {found.shape}; expected {right.shape}"
        elif found.dtype.kind not in REAL:
            said += f"\n  it holds {found.dtype}; expected real numbers"
        else:
            off = np.nan_to_num(np.abs(found - right), nan=np.inf)
            place = np.unravel_index(off.argmax(), off.shape)
            where = name + (str([int(i) for i in place]) if place else "")
            count = int((off > tolerance * max(np.abs(right).max(initial=0), 1e-300)).sum())
            said += (f"\n  {where} is {found[place]:.8g} and should be {right[place]:.8g}"
                     f" ({count} of {off.size} numbers differ)")
        super().__init__(said, mistake)

    def is_like(self, other):
        """Whether the other is as wrong: of the same name, and the same array."""
        name, found, _, tolerance = self.given
        return (name == other.given[0] and found.dtype.kind in REAL
                and close(found, other.given[1], max(tolerance, 1e-7)))

    def named(self, mistake):
        return WrongArray(*self.given, mistake)


# Arrays

REAL = "fiub"       # kinds of dtype


def close(a, b, tolerance):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        return False
    scale = np.abs(b).max(initial=0)
    return bool(np.all(np.abs(a - b) <= tolerance * (scale if scale else 1)))


def same(name, found, right, tolerance=1e-9):
    """Raise WrongArray unless found is right, to `tolerance` times the largest number in right."""
    if found is None:
        raise Wrong(f"{name} is None: is a return missing?", "nothing is returned")
    found, right = np.asarray(found), np.asarray(right)
    if found.dtype.kind not in REAL or not close(found, right, tolerance):
        raise WrongArray(name, found, right, tolerance)


def usual_mistake(found, right, tolerance):
    """What is often wrong with an array, whatever it holds, or None."""
    if found.dtype.kind not in REAL:
        return None
    if found.ndim == 2 and found.shape == right.T.shape and close(found, right.T, tolerance):
        return "it is transposed"
    if found.shape != right.shape:
        return None
    if not np.isfinite(found).all():
        return "not every number of it is finite"
    if not found.any():
        return "it is zero everywhere"
    if close(found, -right, tolerance):
        return "the sign is wrong"
    flat = np.abs(right).argmax()
    factor = found.flat[flat] / right.flat[flat] if right.any() else 1
    if found.size > 1 and abs(factor - 1) > 1e-3 and close(found, factor * right, tolerance):
        return f"every number is {factor:.4g} times what it should be"
    for axis in range(found.ndim):
        if close(np.flip(found, axis), right, tolerance):
            return f"it runs backward along axis {axis}"
    if found.size > 3 and close(np.sort(found, axis=None), np.sort(right, axis=None), tolerance):
        return "the numbers are right and stand in wrong places"
    return None


def true(condition, mistake):
    """Raise Wrong, naming the mistake, unless the condition holds."""
    if not condition:
        raise Wrong(mistake, mistake)


# Gradients

def slope(forward, x, dout, h=1e-5):
    """d sum(dout forward()) / dx, measured by central differences. forward reads x (float64)."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        value = x[i]
        x[i] = upper = value + h
        up = np.array(forward())
        x[i] = lower = value - h
        down = np.array(forward())
        x[i] = value
        gradient[i] = np.sum(dout * (up - down)) / (upper - lower)
    return gradient


def check_gradients(found, forward, dout, h=1e-5, **arrays):
    """Gradients by the arrays, in their order, against what the forward, which reads them, shows.
    """
    for (name, array), gradient in zip(arrays.items(), found):
        same(f"d{name}", gradient, slope(forward, array, dout, h), 1e-7)


def check_backward(layer, x, dout, training=False):
    """dx, and the gradient of every parameter, against what the layer's own forward shows.

    x and dout must stay as they are.
    """
    kept = x.copy(), dout.copy()
    derivation(layer.forward)(x, training)
    found = [np.array(derivation(layer.backward, [layer.forward])(dout))]
    true(np.array_equal(x, kept[0]), "forward or backward changes x, which others still need")
    true(np.array_equal(dout, kept[1]), "backward changes dout, which others still need")
    for name in layer.params:
        true(name in layer.grads, f"backward does not put d{name} into grads[{name!r}]")
        found.append(np.array(layer.grads[name]))
    check_gradients(found, lambda: layer.forward(x, training), dout, x=x, **layer.params)


# Whose work it is

def derivation(function, forwards=()):
    """function, but Wrong is raised where it calls what is no derivation: tinyfer, another library
    with gradients, the measured gradient of chapter 4, or a backward that calls one of its
    `forwards` more than four times.
    """
    name = getattr(function, "__qualname__", function)
    calls = {inspect.unwrap(forward).__code__: 0 for forward in forwards}

    def watch(frame, event, _):
        code, module = frame.f_code, frame.f_globals.get("__name__", "")
        if event == "call" and (module.split(".")[0] in FOREIGN or code.co_name == "slope"
                                or module == "mynet.gradient_check"):
            raise Wrong(f"{name} calls {code.co_name} of {module}: this is to be derived and "
                        "written, not borrowed", "borrowed, not derived")
        if event == "call" and code in calls:
            calls[code] += 1
            if calls[code] > 4:
                raise Wrong(f"{name} measures differences of {code.co_name}: this is to be "
                            "derived", "measured, not derived")

    def guarded(*arguments):
        calls.update(dict.fromkeys(calls, 0))
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            return function(*arguments)
        finally:
            sys.setprofile(before)

    return guarded


# By hand

def digest(topic, place, number):
    """What answers.json holds in place of a number: a hash of it, rounded to three decimals."""
    return hashlib.sha256(f"{topic} {place} {number + 0.0:.3f}".encode()).hexdigest()[:12]


def by_hand(topic, answer):
    """Compare numbers, nested as one likes, with the hashes of answers.json, place by place."""
    page = ANSWERS[topic]
    found = list(_numbers(answer))
    if len(found) != len(page["right"]):
        raise Wrong(f"there are {len(found)} numbers; expected {len(page['right'])}: "
                    + ", ".join(label for label, _ in page["right"]))
    for place, (number, (label, right)) in enumerate(zip(found, page["right"])):
        near = [digest(topic, place, number + d) for d in (0, 0.0004, -0.0004)]
        if right not in near:
            mistake = next((page["known"][d] for d in near if d in page["known"]), None)
            raise Wrong(f"{label} is not {number:.6g}" + (f": {mistake}" if mistake else ""),
                        mistake)


def _numbers(answer):
    if isinstance(answer, (list, tuple, np.ndarray)):
        for part in answer:
            yield from _numbers(part)
    else:
        yield float(answer)
