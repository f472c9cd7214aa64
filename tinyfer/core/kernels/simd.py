"""The matrix product in machine code that LLVM will not find by itself: vector instructions.

Everything else in this package is plain loops; `product`, whose sums stay in registers tile by
tile, and `sandwich` of tiles.py decide the speed of a convolution (docs/21-making-it-fast.md).
Both are numba intrinsics: Python that runs once, while a kernel is compiled, and emits one
instruction after another. A vector has VECTOR_BYTES, what one register holds of the processor that
numba compiles for: this machine's, or the one that NUMBA_CPU_NAME and NUMBA_CPU_FEATURES name.
"""

import platform
from collections import namedtuple

from numba import config, types
from numba.extending import intrinsic

from tinyfer.core.kernels.compiling import helper

try:    # what numba writes instructions with; ir is llvmlite's, which comes with numba
    from numba.core.cgutils import ir, unpack_tuple
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

# A matrix within a flat array: element (i, j) is data[start + i down + j right].
View = namedtuple("View", "data start down right")


class Memory:
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

    def grid(self, start, stride_i, stride_j, size):
        """The index start + i stride_i + j stride_j for all i and j below size."""
        steps = [self.builder.mul(stride_j, INT(j)) for j in range(size)]
        rows = [offset(self.builder, start, stride_i, i) for i in range(size)]
        return [[self.builder.add(row, step) for step in steps] for row in rows]

    def load_grid(self, *where):
        return [[self.load(index) for index in row] for row in self.grid(*where)]

    def store_grid(self, values, *where):
        for row, places in zip(values, self.grid(*where, len(values))):
            for value, index in zip(row, places):
                self.store(value, index)


def broadcast(builder, number, vector_type):
    undefined = ir.Constant(vector_type, ir.Undefined)
    first = builder.insert_element(undefined, number, INT(0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector_type.count), None)
    return builder.shuffle_vector(first, undefined, zeros)


def offset(builder, start, stride, count):
    return builder.add(start, builder.mul(stride, INT(count)))


def _tile_product(rows, vectors):
    """Make an intrinsic for one tile of a matrix product, `rows` by `vectors` vectors.

    The intrinsic `f(c, a, b, K, add)` computes, for every row r and column j of the tile,

        c[r, j] (+)= sum over k < K of a[r, k] b[k, j]

    with all rows * vectors sums in registers: each k loads `vectors` vectors of b and `rows`
    numbers of a for rows * vectors fused multiply-adds (the scheme of Goto and van de Geijn
    2008, section 6). `add` says whether c is added to or overwritten. K >= 1. The columns of the
    views c and b lie side by side; no index is checked.
    """

    @intrinsic
    def product(typingctx, c, a, b, K, add):
        signature = types.void(c, a, b, types.int64, types.boolean)

        def codegen(context, builder, sig, args):
            c, a, b, K, add = args
            c, c0, ldc, _ = unpack_tuple(builder, c)
            a, a0, a_row, a_k = unpack_tuple(builder, a)
            b, b0, b_k, _ = unpack_tuple(builder, b)
            sums = Memory(context, builder, sig.args[0][0], c)
            left = Memory(context, builder, sig.args[1][0], a, wide=False)
            right = Memory(context, builder, sig.args[2][0], b)
            lanes = sums.lanes
            tile = [(r, v) for r in range(rows) for v in range(vectors)]
            place = {(r, v): builder.add(offset(builder, c0, ldc, r), INT(v * lanes))
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
                number = left.load(offset(builder, here, a_row, r))
                spread = broadcast(builder, number, sums.type)
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


@helper
def panel_width(columns, itemsize):
    """Columns of the next panel when so many are left, a whole number of vectors."""
    lanes = VECTOR_BYTES // itemsize
    if columns >= WIDEST * lanes:
        return WIDEST * lanes
    return 2 * lanes if columns >= 2 * lanes else lanes


@helper
def product(c, a, b, rows, columns, K, add):
    """c (rows, columns) (+)= a (rows, K) b (K, columns), panel by panel of columns.

    c, a and b are views; the columns of c and b lie side by side. With b.down = 0, b is packed:
    panels of panel_width columns, each of them K rows without gaps, so that it is read from first
    to last. `add` says whether c is added to or overwritten.
    Nothing is checked: the arrays are flat, contiguous and of one dtype, float32 or float64; c
    shares no memory with a and b; K >= 1; columns is a multiple of the vector's lanes. Rows come in
    sixes or twelves: up to MOST_ROWS - 1 beyond `rows` are read of a and overwritten in c.
    """
    j = 0
    while j < columns:
        width = panel_width(columns - j, c.data.itemsize)
        packed = b.down == 0
        panel = View(b.data, b.start + j * (K if packed else 1), width if packed else b.down, 1)
        vectors = width * c.data.itemsize // VECTOR_BYTES
        step = 6 if vectors == WIDEST else 12
        for r in range(0, rows, step):
            part = View(c.data, c.start + r * c.down + j, c.down, 1)
            left = View(a.data, a.start + r * a.down, a.down, a.right)
            if vectors == WIDEST:
                _wide(part, left, panel, K, add)
            elif vectors == 2:
                _double(part, left, panel, K, add)
            else:
                _single(part, left, panel, K, add)
        j += width
