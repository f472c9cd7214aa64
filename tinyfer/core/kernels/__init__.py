"""Arrays in, arrays out: the arithmetic, compiled by numba.

reference.py holds the definitions as plain loops; every other file is one fast kernel, or what
fast kernels need: simd (vectors), padding and memory (arrays), compiling and threads. With
NUMBA_DISABLE_JIT=1 all of it is plain Python, slow, to be followed in a debugger step by step.
"""
