"""What a call is given, checked: a plain array comes back, or one sentence is raised.

No kernel looks whether an index lies inside its array, so nothing may reach one that does not fit.
A check costs one to three microseconds, all checks of a training step well below 1 % of it.
"""

from collections.abc import Mapping
from numbers import Real

import numpy as np


class Notice(UserWarning):
    """What a caller should know of a call that was answered all the same: a command says it as a
    note."""


FLOATS = np.dtype(np.float32), np.dtype(np.float64)


def array(who, name, x, axes, dtype=None, minimum=1):
    """x as the kernels read it: C-contiguous, aligned and writeable; a copy where x is not.

    axes: for each axis its length, or a letter for any length (but 0); `...` for any number of
    axes. minimum: of rows and columns, "H" and "W". dtype: float32 or float64; None for either.
    TypeError where x is no array, ValueError where it does not fit, or is empty.
    """
    if not isinstance(x, np.ndarray) or isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{who} got {name} of type {type(x).__name__:.40}; expected a NumPy array")
    x = np.asarray(x)       # a subclass may say another shape than it has
    if x.dtype not in FLOATS if dtype is None else x.dtype != dtype:
        expected = "float32 or float64" if dtype is None else dtype
        raise ValueError(f"{who} got {name} of dtype {str(x.dtype):.40}; expected {expected}")
    shape(who, name, x.shape, axes, minimum)
    flags = x.flags
    if flags.c_contiguous and flags.aligned and flags.writeable:
        return x
    return np.array(x, order="C")


def changeable(who, name, x, axes, dtype=None):
    """ValueError unless x is an array that a kernel can change in place; otherwise as `array`."""
    if array(who, name, x, axes, dtype) is not x:
        raise ValueError(f"{who} got {name} as a view or read-only; "
                         "expected a writeable C-contiguous array, for it is changed in place")


def memory(array):
    """Where the numbers of an array begin: the same for two views of one."""
    return array.__array_interface__["data"][0]


def shape(who, name, given, axes, minimum=1):
    """ValueError unless the shape `given` has these axes; see `array`."""
    if given != axes and not _fits(given, axes, minimum):
        limit = f" with H and W at least {minimum}" if minimum > 1 else ""
        limit += ", nothing of it empty" if 0 in given else ""
        raise ValueError(f"{who} got {name} of shape {_written(given)}; "
                         f"expected {_written(axes)}{limit}")


def _fits(given, axes, minimum):
    if ... in axes:
        free = axes.index(...)
        axes = axes[:free] + ("",) * (len(given) - len(axes) + 1) + axes[free + 1:]
    if len(given) != len(axes):
        return False
    for n, axis in zip(given, axes):
        if n != axis and (type(axis) is not str or n < (minimum if axis in ("H", "W") else 1)):
            return False
    return True


def _written(axes):
    text = ", ".join("..." if axis is ... else str(axis) for axis in axes)
    return f"({text:.50},)" if len(axes) == 1 else f"({text:.50})"


def plain(name, x, kinds="iuf", shape=None):
    """x, an array or lists, as an array of integers and floats (or the `kinds` of NumPy's dtypes).

    TypeError for a masked array, whose mask would be lost; ValueError for another kind or shape.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; expected a plain one")
    x = np.asarray(x)
    if x.size == 0 and x.dtype.kind == "f" and "f" not in kinds:
        x = x.astype(np.int64)          # np.asarray([]) is float64
    if x.dtype.kind not in kinds or shape not in (None, x.shape):
        expected = "integers" if kinds == "iu" else "numbers"
        raise ValueError(f"{name} is {str(x.dtype):.40} of shape {_written(x.shape)}; expected "
                         + expected + ("" if shape is None else f" of shape {_written(shape)}"))
    return x


def state(who, mine, arrays):
    """The arrays of a saved state, by name, ready to be copied into `mine`, the present ones.

    ValueError where names or shapes differ, values are not finite numbers of their kind, or a
    variance or a count is negative; TypeError for what has no names.
    """
    if not isinstance(arrays, Mapping):
        raise TypeError(f"{who}: a state is a dict of arrays, not {type(arrays).__name__:.40}")
    for name in sorted(mine.keys() ^ arrays.keys(), key=str):
        raise ValueError(f"{who}: {name!r:.60} is {'missing' if name in mine else 'unknown'}")
    return {name: _stored(who, name, arrays[name], array) for name, array in mine.items()}


def _stored(who, name, given, array):
    """One of them, in the dtype of `array` that it is to fill."""
    given = plain(f"{who}: {name!r:.60}", given, kinds="biufcmMOSUV")
    if given.shape != array.shape:
        raise ValueError(f"{who}: {name!r:.60} has shape {_written(given.shape)}, "
                         f"expected {_written(array.shape)}")
    if given.dtype.kind != array.dtype.kind:
        raise ValueError(f"{who}: {name!r:.60} is {str(given.dtype):.40}, expected {array.dtype}")
    with np.errstate(over="ignore"):
        given = given.astype(array.dtype)
    if not np.isfinite(given).all():
        raise ValueError(f"{who}: {name!r:.60} holds NaN or infinity")
    squares = name == "t" or name.startswith("v.") or name.endswith(".var")     # Adam's; a variance
    if squares and given.size and given.min() < 0:
        raise ValueError(f"{who}: {name!r:.60} holds {given.min()}, expected at least 0")
    return given


def count(name, n, minimum=1):
    """n as an int; ValueError unless it is an integer of at least `minimum`."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < minimum:
        raise ValueError(f"{name} is {repr(n):.40}; expected an integer of at least {minimum}")
    return int(n)


def number(name, x, interval):
    """x as a float; ValueError unless it is a real number in the interval, such as "[0, 1)"."""
    low, high = map(float, interval[1:-1].split(","))
    if (isinstance(x, bool) or not isinstance(x, Real) or not low <= x <= high
            or x == low and interval[0] == "(" or x == high and interval[-1] == ")"):
        raise ValueError(f"{name} is {repr(x):.40}; expected a number in {interval}")
    return float(x)


def attribute(name, interval):
    """A number of an object that is checked whenever it is set, not only at first: a property."""
    return property(lambda held: vars(held)[name],
                    lambda held, x: vars(held).update({name: number(name, x, interval)}))


def flag(name, x):
    """x; TypeError unless it is True or False, so that no other argument passes in its place."""
    if not isinstance(x, (bool, np.bool_)):
        raise TypeError(f"{name} is {repr(x):.40}; expected True or False")
    return bool(x)


def generator(rng):
    """rng; TypeError unless it is a np.random.Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng is of type {type(rng).__name__:.40}; expected a np.random.Generator")
    return rng


def float_type(dtype):
    """The dtype float32 or float64; ValueError for another."""
    dtype = np.dtype(object if dtype is None else dtype)        # np.dtype(None) is float64
    if dtype not in FLOATS:
        raise ValueError(f"dtype is {str(dtype):.40}; expected float32 or float64")
    return dtype


def convolution(x, w, b):
    """x (N, H, W, C), w (3, 3, C, K) and b (K,) of one dtype."""
    w = array("convolution", "w", w, (3, 3, "C", "K"))
    C, K = w.shape[2:]
    return (array("convolution", "x", x, ("N", "H", "W", C), w.dtype, minimum=3), w,
            array("convolution", "b", b, (K,), w.dtype))


def convolution_gradient(dout, x, w, *after):
    """dout (N, H-2, W-2, K), x (N, H, W, C), w (3, 3, C, K).

    after: nothing; or out, laid out as dout, where ReLU was included, else None, and norm (4, K)
    where batch norm follows that, else None.
    """
    w = array("convolution", "w", w, (3, 3, "C", "K"))
    C, K = w.shape[2:]
    x = array("convolution", "x", x, ("N", "H", "W", C), w.dtype, minimum=3)
    axes = len(x), x.shape[1] - 2, x.shape[2] - 2, K
    dout = array("convolution", "dout", dout, axes, w.dtype)
    shapes = (("out", axes), ("norm", (4, K)))
    after = [given if given is None else array("convolution", name, given, shape, w.dtype)
              for given, (name, shape) in zip(after, shapes)]
    if after and after[0] is None and after[1] is not None:
        raise ValueError("convolution: norm is given, but no out; expected both")
    return dout, x, w, *after


def product(a, b):
    """a (M, K) and b (K, N) of one dtype; a stays as it is where its transpose is C-contiguous."""
    if isinstance(a, np.ndarray) and np.asarray(a).ndim == 2 and a.T.flags.c_contiguous:
        a = array("matmul", "a", a.T, ("K", "M")).T
    else:
        a = array("matmul", "a", a, ("M", "K"))
    return a, array("matmul", "b", b, (a.shape[1], "N"), a.dtype)


def pooling(x):
    """x (N, H, W, C) with H and W at least 2, the only one of its tuple."""
    return array("max pooling", "x", x, ("N", "H", "W", "C"), minimum=2),


def pooling_gradient(dout, winner, input_shape):
    """dout and winner (N, H//2, W//2, C), winner uint8 below 4, for an input_shape (N, H, W, C)."""
    input_shape = tuple(count("input_shape", n) for n in input_shape)
    shape("max pooling", "input_shape", input_shape, ("N", "H", "W", "C"), minimum=2)
    N, H, W, C = input_shape
    axes = N, H // 2, W // 2, C
    dout = array("max pooling", "dout", dout, axes)
    winner = array("max pooling", "winner", winner, axes, np.dtype(np.uint8))
    if winner.max() > 3:
        raise ValueError(f"max pooling got a winner of {winner.max()}; expected 0 to 3")
    return dout, winner, input_shape
