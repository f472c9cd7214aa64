"""What the kernels become on 64-bit ARM, read in its assembly: no such machine is needed."""

import re
import sys

import pytest
from child import python

# The code of a kernel for vectors of 16 bytes, before any processor, and ARM's assembly of it.
ASSEMBLE = """
import numpy as np
import llvmlite.binding as llvm
from tinyfer.core.kernels import gemm, simd, winograd
from tinyfer.core.kernels.conv import conv2d_forward
assert simd.VECTOR_BYTES == 16
f = np.float32
gemm.matmul(np.ones((12, 8), f), np.ones((8, 8), f))
conv2d_forward(np.ones((1, 6, 6, 4), f), np.ones((3, 3, 4, 4), f), np.ones(4, f))
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
machine = llvm.Target.from_triple("aarch64-unknown-linux-gnu").create_target_machine(
    cpu="cortex-a72", opt=3)
for launch in gemm._matmul, winograd._forward:
    text, = launch.compiled.inspect_llvm().values()
    text = text.replace("llvm.x86.atomic.sub.cc", "there.is.no.such.name")
    text = "\\n".join(line for line in text.splitlines() if not line.startswith("target "))
    module = llvm.parse_assembly(text)
    module.triple = "aarch64-unknown-linux-gnu"
    print(machine.emit_assembly(module))
    print("=" * 9)
"""


def test_arm64_multiplies_and_adds_four_numbers_at_a_time(tmp_path):
    """In fused vector instructions; a scalar one would be a sum taken number by number."""
    llvm = pytest.importorskip("llvmlite.binding")
    llvm.initialize_all_targets()
    try:
        llvm.Target.from_triple("aarch64-unknown-linux-gnu")
    except RuntimeError:
        pytest.skip("this llvmlite has no code generator for 64-bit ARM")
    if sys.platform == "win32":
        pytest.skip("code for Windows is laid out in another way")
    features = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    kernels = python(ASSEMBLE, NUMBA_CACHE_DIR=str(tmp_path), XDG_CACHE_HOME=str(tmp_path),
                     **features).split("=" * 9)[:2]
    for assembly in kernels:
        assert len(re.findall(r"\bfmla\s+v\d+\.4s", assembly)) >= 24
        assert not re.findall(r"\bf(?:n?madd|n?msub)\s+s\d+", assembly)
