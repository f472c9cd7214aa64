"""Winograd's transforms of a tile, L X L^T: the matrices L, exact, and the vector code of each.

The filters and the tiles of a convolution pass through six of them, each of a constant L; see
winograd.py. Chapter 22 of the course.
"""

from fractions import Fraction

from numba import types
from numba.extending import intrinsic

from tinyfer.core.kernels.simd import FUSE, INT, Memory, broadcast, offset

try:
    from numba.core.cgutils import for_range_slice, ir, unpack_tuple
except ImportError:     # another numba: simd.AVAILABLE is False
    pass

HALF = Fraction(1, 2)
# Points of interpolation besides infinity. Signs in pairs halve the work of a transform; halves
# beside twos keep the numbers small. Relative errors in float32, norm of the difference over
# the norm, in the shapes of the network: out 1e-6, 2e-6, 4e-6; dx up to 5e-6; dw of a batch of 64,
# a sum over as many as 123,904 places, 2e-6 to 2e-5.
POINTS = {
    4: (0, 1, -1, 2, -2),
    5: (1, -1, 2, -2, HALF, -HALF),
    6: (0, 1, -1, 2, -2, HALF, -HALF),
}
# Where 1 stands among the points, by m: numba reads a tuple, not a dict.
POINT_ONE = tuple(POINTS[m].index(1) if m in POINTS else -1 for m in range(max(POINTS) + 1))


def matrices(m):
    """The exact A^T (m, n), G (n, 3), B^T (n, n) of F(m, 3) for POINTS[m], by Cook and Toom.

    Row i of G evaluates a filter, seen as a polynomial, at point i (divided by N_i, the product
    of its distances to the other points); row i of B^T holds the coefficients of the polynomial
    that vanishes at all other points; column i of A^T holds the powers of point i. The last entries
    belong to infinity.
    """
    points = [Fraction(p) for p in POINTS[m]]

    def vanishing(roots):
        coefficients = [Fraction(1)]
        for root in roots:
            shifted = [Fraction(0)] + coefficients
            coefficients = [s - root * c for s, c in zip(shifted, coefficients + [0])]
        return coefficients

    AT = [[p ** i for p in points] + [Fraction(i == m - 1)] for i in range(m)]
    G, BT = [], []
    for i, p in enumerate(points):
        others = points[:i] + points[i + 1:]
        N = Fraction(1)
        for q in others:
            N *= p - q
        G.append([p ** j / N for j in range(3)])
        BT.append(vanishing(others) + [Fraction(0)])
    G.append([Fraction(0), Fraction(0), Fraction(1)])
    BT.append(vanishing(points))
    return AT, G, BT


def _transposed(matrix):
    return [list(column) for column in zip(*matrix)]


AT, G, BT = ({m: matrices(m)[i] for m in POINTS} for i in range(3))
A, GT, B = ({m: _transposed(L) for m, L in group.items()} for group in (AT, G, BT))


def sandwich(matrices, extra=None):
    """Make a function for `Y = L X L^T`, L one of the constant `matrices` {m: L}.

    The function `f(m, channels, x, y, more)` reads the square tile X of the view x and writes Y to
    the view y, for so many consecutive channels (whole vectors) from each element on. `extra` asks
    for more, and says what `more` is, else ():

        "bias"     (b, least): Y + b, and `least` where that is less
        "overlap"  (): the first two rows and columns of Y are added to what y holds
        "norm"     (z, norm, least): X counts as a X - (b + (Z - d) c), with the rows a, b, c, d of
                   norm (4, channels), or as 0 where Z is not above `least`; z is laid out as x

    So ReLU is least = 0, and no ReLU is least = NaN, for nothing compares with NaN: a NaN in Y or z
    passes both. L X is formed column by column and then times L^T row by row; rows of L that
    differ only in signs share their halves, as in Lavin and Gray 2015.
    Nothing is checked: all arrays are flat, contiguous and of one dtype, which `least` has too; y
    shares no memory with the others. No element is touched but those of the tiles.
    """
    @intrinsic
    def transform(typingctx, m, channels, x, y, more):
        signature = types.void(types.int64, types.int64, x, y, more)

        def codegen(context, builder, sig, args):
            m, channels, x, y, more = args
            x, x0, x_i, x_j = unpack_tuple(builder, x)
            y, y0, y_i, y_j = unpack_tuple(builder, y)
            source = Memory(context, builder, sig.args[2][0], x)
            target = Memory(context, builder, sig.args[3][0], y)
            if extra in ("bias", "norm"):
                *arrays, least = unpack_tuple(builder, more)
                beside, *norm = (Memory(context, builder, kind, array)
                                 for kind, array in zip(sig.args[4], arrays))
                least = broadcast(builder, least, source.type)
            loop = for_range_slice(builder, INT(0), channels, INT(source.lanes), intp=INT)
            with loop as (c, _):
                x0, y0 = builder.add(x0, c), builder.add(y0, c)
                done = builder.append_basic_block("done")
                choice = builder.switch(m, done)
                for size, L in matrices.items():
                    block = builder.append_basic_block(f"size{size}")
                    choice.add_case(INT(size), block)
                    builder.position_at_end(block)
                    span = range(len(L[0]))
                    X = source.load_grid(x0, x_i, x_j, len(span))
                    if extra == "norm":
                        Z = beside.load_grid(x0, x_i, x_j, len(span))
                        abcd = [norm[0].load(offset(builder, c, channels, row))
                                for row in range(4)]
                        X = [[_unless_below(builder, "<=", Z[i][j], least,
                                            _normed(builder, X[i][j], Z[i][j], *abcd), source.zero)
                              for j in span] for i in span]
                    columns = [_multiply(builder, L, [X[i][j] for i in span]) for j in span]
                    Y = [_multiply(builder, L, [column[i] for column in columns])
                         for i in range(len(L))]
                    if extra == "bias":
                        bias = beside.load(c)
                        Y = [[builder.fadd(value, bias) for value in row] for row in Y]
                        Y = [[_unless_below(builder, "<", value, least, value, least)
                              for value in row] for row in Y]
                    if extra == "overlap":
                        places = target.grid(y0, y_i, y_j, len(L))
                        Y = [[value if i >= 2 and j >= 2 else
                              builder.fadd(target.load(places[i][j]), value)
                              for j, value in enumerate(row)] for i, row in enumerate(Y)]
                    target.store_grid(Y, y0, y_i, y_j)
                    builder.branch(done)
                builder.position_at_end(done)
            return context.get_dummy_value()

        return signature, codegen

    return transform


def _normed(builder, x, z, a, b, c, d):
    """a x - (b + (z - d) c): the gradient of batch norm; see kernels/batchnorm.py."""
    moved = builder.fmul(builder.fsub(z, d), c, flags=FUSE)
    return builder.fsub(builder.fmul(a, x, flags=FUSE), builder.fadd(b, moved, flags=FUSE),
                        flags=FUSE)


def _unless_below(builder, comparison, gate, least, value, otherwise):
    return builder.select(builder.fcmp_ordered(comparison, gate, least), otherwise, value)


def _multiply(builder, L, x):
    """The instructions for the vector L x: nothing for a 0 in L, no product for a 1."""
    y = [None] * len(L)
    for i, row in enumerate(L):
        if y[i] is not None:
            continue
        twin = next((j for j in range(i + 1, len(L)) if _differ_in_signs(row, L[j])), None)
        if twin is None:
            y[i] = _combine(builder, row, x)
            continue
        same = _combine(builder, [p if p == q else 0 for p, q in zip(row, L[twin])], x)
        other = _combine(builder, [p if p != q else 0 for p, q in zip(row, L[twin])], x)
        y[i] = builder.fadd(same, other)
        y[twin] = builder.fsub(same, other)
    return y


def _differ_in_signs(row, other):
    same = [p == q for p, q in zip(row, other) if p]
    return all(abs(p) == abs(q) for p, q in zip(row, other)) and any(same) and not all(same)


def _combine(builder, coefficients, x):
    """The sum of coefficients[i] x[i]."""
    total = None
    for coefficient, value in sorted(zip(coefficients, x), key=lambda p: abs(p[0]) != 1):
        if coefficient == 0:
            continue
        if abs(coefficient) != 1:
            size = abs(float(coefficient))
            wide = isinstance(value.type, ir.VectorType)
            constant = ir.Constant(value.type, [size] * value.type.count if wide else size)
            value = builder.fmul(value, constant, flags=FUSE)
        if total is None:
            total = value if coefficient > 0 else builder.fneg(value)
        elif coefficient > 0:
            total = builder.fadd(total, value, flags=FUSE)
        else:
            total = builder.fsub(total, value, flags=FUSE)
    return total


input_tile = sandwich(BT)                              # V = B^T X B
filter_tile = sandwich(G)                              # U = G g G^T
output_tile = sandwich(AT, "bias")                     # Y = A^T M A + b, and ReLU
output_grad = sandwich(A, "norm")                      # dM = A dY A^T, dY 0 where Y was
input_grad = sandwich(B, "overlap")                    # dX (+)= B dV B^T
filter_grad = sandwich(GT)                             # dw = G^T dU G
