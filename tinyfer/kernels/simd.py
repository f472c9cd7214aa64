"""Two pieces of machine code that LLVM will not find by itself, written as vector instructions.

Everything else in this package is plain loops; these two functions decide the speed of a
convolution (docs/09-making-it-fast.md):

* `product`    a matrix product whose sums stay in registers, tile by tile;
* `sandwich`   `L X L^T` for a constant matrix L and a tile X, for a vector of channels at once.

Both are numba intrinsics: Python that runs once, while a kernel is compiled, and emits one
instruction after another. A vector has VECTOR_BYTES, what one register holds of the processor that
numba compiles for: this machine's, or the one that NUMBA_CPU_NAME and NUMBA_CPU_FEATURES name.
"""

import platform

from numba import config, njit, types
from numba.extending import intrinsic

try:    # what numba writes instructions with; ir is llvmlite's, which comes with numba
    from numba.core.cgutils import for_range_slice, ir
    from numba.core.registry import cpu_target
    _, _, FEATURES = cpu_target.target_context.codegen().magic_tuple()
except (ImportError, AttributeError, ValueError):       # another numba
    ir = None

# Without these there is kernels/reference.py: see conv.py and gemm.py.
AVAILABLE = ir is not None and not config.DISABLE_JIT

# A product and the sum it goes to may become one fused instruction. Nothing else is relaxed,
# above all not the rules for NaN.
FUSE = ("contract",)
INT = ir and ir.IntType(64)


def _vector_bytes():
    features = FEATURES.split(",") if ir else []
    if "+avx512f" in features:
        return 64
    return 32 if "+avx2" in features else 16


VECTOR_BYTES = _vector_bytes()
# AVX-512 and 64-bit ARM have 32 vector registers, AVX2 and SSE 16: the tile of sums must fit.
REGISTERS = 32 if VECTOR_BYTES == 64 or platform.machine() in ("arm64", "aarch64") else 16


class _Memory:
    """Loads and stores of one vector, or of one number, at an index of a numba array."""

    def __init__(self, context, builder, array_type, array, wide=True):
        self.builder = builder
        self.data = context.make_array(array_type)(context, builder, array).data
        self.align = array_type.dtype.bitwidth // 8
        self.lanes = VECTOR_BYTES // self.align if wide else 1
        self.type = context.get_value_type(array_type.dtype)
        if wide:
            self.type = ir.VectorType(self.type, self.lanes)
        self.zero = ir.Constant(self.type, None)

    def _at(self, index):
        pointer = self.builder.gep(self.data, [index])
        return self.builder.bitcast(pointer, self.type.as_pointer())

    def load(self, index):
        return self.builder.load(self._at(index), align=self.align)

    def store(self, value, index):
        self.builder.store(value, self._at(index), align=self.align)

    def _grid(self, start, stride_i, stride_j, size):
        """The index start + i stride_i + j stride_j for all i and j below size."""
        steps = [self.builder.mul(stride_j, INT(j)) for j in range(size)]
        rows = [_offset(self.builder, start, stride_i, i) for i in range(size)]
        return [[self.builder.add(row, step) for step in steps] for row in rows]

    def load_grid(self, *where):
        return [[self.load(index) for index in row] for row in self._grid(*where)]

    def store_grid(self, values, *where):
        for row, places in zip(values, self._grid(*where, len(values))):
            for value, index in zip(row, places):
                self.store(value, index)


def _offset(builder, start, stride, count):
    return builder.add(start, builder.mul(stride, INT(count)))


def _tile_product(rows, vectors):
    """Make an intrinsic for one tile of a matrix product, `rows` by `vectors` vectors.

    The intrinsic `f(c, c0, ldc, a, a0, a_row, a_k, b, b0, b_k, K, add)` computes, for every
    row r and column j of the tile,

        c[c0 + r ldc + j] (+)= sum over k < K of a[a0 + r a_row + k a_k] b[b0 + k b_k + j]

    with all rows * vectors sums in registers: each k loads `vectors` vectors of b and `rows`
    numbers of a for rows * vectors fused multiply-adds (the scheme of Goto and van de Geijn
    2008, section 6). `add` says whether c is added to or overwritten. K >= 1. Arrays are
    flat; no index is checked.
    """

    @intrinsic
    def product(typingctx, c, c0, ldc, a, a0, a_row, a_k, b, b0, b_k, K, add):
        n = types.int64
        signature = types.void(c, n, n, a, n, n, n, b, n, n, n, types.boolean)

        def codegen(context, builder, sig, args):
            c, c0, ldc, a, a0, a_row, a_k, b, b0, b_k, K, add = args
            sums = _Memory(context, builder, sig.args[0], c)
            left = _Memory(context, builder, sig.args[3], a, wide=False)
            right = _Memory(context, builder, sig.args[7], b)
            lanes = sums.lanes
            tile = [(r, v) for r in range(rows) for v in range(vectors)]
            place = {(r, v): builder.add(_offset(builder, c0, ldc, r), INT(v * lanes))
                     for r, v in tile}

            start = builder.block
            resume, loop, done = (builder.append_basic_block(s) for s in ("resume", "loop", "done"))
            builder.cbranch(add, resume, loop)
            builder.position_at_end(resume)
            old = {t: sums.load(place[t]) for t in tile}
            builder.branch(loop)

            builder.position_at_end(loop)
            k = builder.phi(INT)
            k.add_incoming(INT(0), start)
            k.add_incoming(INT(0), resume)
            s = {t: builder.phi(sums.type) for t in tile}
            for t in tile:
                s[t].add_incoming(sums.zero, start)
                s[t].add_incoming(old[t], resume)
            here = builder.add(b0, builder.mul(k, b_k))
            row_b = [right.load(builder.add(here, INT(v * lanes))) for v in range(vectors)]
            here = builder.add(a0, builder.mul(k, a_k))
            new = {}
            for r in range(rows):
                number = left.load(_offset(builder, here, a_row, r))
                spread = _broadcast(builder, number, sums.type)
                for v in range(vectors):
                    new[r, v] = builder.fadd(builder.fmul(spread, row_b[v], flags=FUSE), s[r, v],
                                             flags=FUSE)
            k_next = builder.add(k, INT(1))
            k.add_incoming(k_next, loop)
            for t in tile:
                s[t].add_incoming(new[t], loop)
            builder.cbranch(builder.icmp_signed("<", k_next, K), loop, done)

            builder.position_at_end(done)
            for t in tile:
                sums.store(new[t], place[t])
            return context.get_dummy_value()

        return signature, codegen

    return product


WIDEST = 4 if REGISTERS == 32 else 2
MOST_ROWS = 12
_wide = _tile_product(6, WIDEST)
_double = _tile_product(6 if WIDEST == 2 else 12, 2)
_single = _tile_product(12, 1)


@njit(error_model="numpy")
def panel_width(columns, itemsize):
    """Columns of the next panel when so many are left, a whole number of vectors."""
    lanes = VECTOR_BYTES // itemsize
    if columns >= WIDEST * lanes:
        return WIDEST * lanes
    return 2 * lanes if columns >= 2 * lanes else lanes


@njit(error_model="numpy")
def product(c, c0, ldc, a, a0, a_row, a_k, rows, b, b0, b_k, columns, K, add):
    """c (rows, columns) (+)= a (rows, K) b (K, columns), panel by panel of columns.

    c[r, j] is at c0 + r ldc + j, a[r, k] at a0 + r a_row + k a_k. b[k, j] is at b0 + k b_k + j,
    or, with b_k = 0, packed: panels of panel_width columns, each of them K rows without gaps,
    so that b is read from first to last. `add` says whether c is added to or overwritten.
    Nothing is checked: a, b and c are flat, contiguous and of one dtype, float32 or float64; c
    shares no memory with them; K >= 1; columns is a multiple of the vector's lanes. Rows come in
    sixes or twelves: up to MOST_ROWS - 1 beyond `rows` are read of a and overwritten in c.
    """
    j = 0
    while j < columns:
        width = panel_width(columns - j, c.itemsize)
        start, step = (b0 + j * K, width) if b_k == 0 else (b0 + j, b_k)
        vectors = width * c.itemsize // VECTOR_BYTES
        if vectors == WIDEST:
            for r in range(0, rows, 6):
                _wide(c, c0 + r * ldc + j, ldc, a, a0 + r * a_row, a_row, a_k,
                      b, start, step, K, add)
        elif vectors == 2:
            for r in range(0, rows, 12):
                _double(c, c0 + r * ldc + j, ldc, a, a0 + r * a_row, a_row, a_k,
                        b, start, step, K, add)
        else:
            for r in range(0, rows, 12):
                _single(c, c0 + r * ldc + j, ldc, a, a0 + r * a_row, a_row, a_k,
                        b, start, step, K, add)
        j += width


def _broadcast(builder, number, vector_type):
    undefined = ir.Constant(vector_type, ir.Undefined)
    first = builder.insert_element(undefined, number, INT(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector_type.count), None)
    return builder.shuffle_vector(first, undefined, zeros)


def sandwich(matrices, extra=None):
    """Make a function for `Y = L X L^T`, L one of the constant `matrices` {m: L}.

    The function `f(m, channels, x, x0, x_i, x_j, y, y0, y_i, y_j, z, z0, least)` reads the square
    tile X[i, j] at x[x0 + i x_i + j x_j], and writes Y[i, j] at y[y0 + i y_i + j y_j], for so many
    consecutive channels (whole vectors) from each of these places on. `extra` asks for more:

        "bias"   Y + z[z0], and `least` where that is less
        "add"    Y is added to what y holds
        "where"  X[i, j] counts as 0 where z, laid out as x from z0 on, is not above `least`

    So ReLU is least = 0, and no ReLU is least = NaN, for nothing compares with NaN: a NaN in Y or z
    passes both. L X is formed column by column and then times L^T row by row; rows of L that
    differ only in signs share their halves, as in Lavin and Gray 2015.
    Nothing is checked: x, y and z are flat, contiguous and of one dtype, which `least` has too; y
    shares no memory with them. No element is touched but those of the tiles, and of z if asked for.
    """
    @intrinsic
    def transform(typingctx, m, channels, x, x0, x_i, x_j, y, y0, y_i, y_j, z, z0, least):
        n = types.int64
        signature = types.void(n, n, x, n, n, n, y, n, n, n, z, n, x.dtype)

        def codegen(context, builder, sig, args):
            m, channels, x, x0, x_i, x_j, y, y0, y_i, y_j, z, z0, least = args
            source = _Memory(context, builder, sig.args[2], x)
            target = _Memory(context, builder, sig.args[6], y)
            beside = _Memory(context, builder, sig.args[10], z)
            least = _broadcast(builder, least, source.type)
            loop = for_range_slice(builder, INT(0), channels, INT(source.lanes), intp=INT)
            with loop as (c, _):
                x0, y0, z0 = (builder.add(start, c) for start in (x0, y0, z0))
                done = builder.append_basic_block("done")
                choice = builder.switch(m, done)
                for size, L in matrices.items():
                    block = builder.append_basic_block(f"size{size}")
                    choice.add_case(INT(size), block)
                    builder.position_at_end(block)
                    span = range(len(L[0]))
                    X = source.load_grid(x0, x_i, x_j, len(span))
                    if extra == "where":
                        gates = beside.load_grid(z0, x_i, x_j, len(span))
                        X = [[_unless_below(builder, "<=", gates[i][j], least, X[i][j], source.zero)
                              for j in span] for i in span]
                    columns = [_multiply(builder, L, [X[i][j] for i in span]) for j in span]
                    Y = [_multiply(builder, L, [column[i] for column in columns])
                         for i in range(len(L))]
                    if extra == "bias":
                        bias = beside.load(z0)
                        Y = [[builder.fadd(value, bias) for value in row] for row in Y]
                        Y = [[_unless_below(builder, "<", value, least, value, least)
                              for value in row] for row in Y]
                    if extra == "add":
                        old = target.load_grid(y0, y_i, y_j, len(L))
                        Y = [[builder.fadd(p, q) for p, q in zip(*rows)] for rows in zip(old, Y)]
                    target.store_grid(Y, y0, y_i, y_j)
                    builder.branch(done)
                builder.position_at_end(done)
            return context.get_dummy_value()

        return signature, codegen

    return transform


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
