"""Owns explicit SIMD: a numba type for LANES doubles side by side, and what can be done to it.

Numba's own loops over cases are not vectorized well across a tree, so the sweeps name their vectors
themselves. `Lanes` is LLVM's ``<LANES x double>``; LLVM splits it into the machine's registers. A
block of LANES cases lies in memory as an (n_bus, LANES) array, so that one load takes one bus of
all its cases. Every function below is one LLVM instruction (or a few) and works inside kernels
only; `powerflow.kernels` holds the portable twins the tests compare with.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils as _numba_cgutils
from numba.core import types
from numba.core.registry import cpu_target
from numba.extending import intrinsic as _numba_intrinsic
from numba.extending import models, register_model

# Numba is typed in part only.
intrinsic: Callable[[Callable[..., Any]], Any] = _numba_intrinsic
cgutils: Any = _numba_cgutils


def _lanes_of_the_target() -> int:
    """Return two registers' worth of doubles: two chains in flight hide the latency of one."""
    features = cpu_target.target_context.codegen().magic_tuple()[2].split(",")
    return 16 if "+avx512f" in features else 8 if "+avx" in features else 4


LANES = int(os.environ.get("POWERFLOW_LANES", "0")) or _lanes_of_the_target()
"""Cases side by side in one block; the environment variable POWERFLOW_LANES overrides it."""

DOUBLE, _BIT, INT = ir.DoubleType(), ir.IntType(1), ir.IntType(32)
_VECTOR = ir.VectorType(DOUBLE, LANES)


class _Vector(types.Type):
    """Numba's name for a vector of doubles (or of truth values, for masks)."""


@register_model(_Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:
        element = _BIT if fe_type.name.startswith("mask") else DOUBLE
        start: Any = super().__init__
        start(manager, fe_type, ir.VectorType(element, LANES))


Lanes = _Vector(f"lanes{LANES}")
Mask = _Vector(f"mask{LANES}")


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Return the address of row `index` of an (n, LANES) array as a pointer to a vector."""
    data = context.make_array(array_type)(context, builder, array).data
    row = builder.gep(data, [builder.mul(index, ir.Constant(index.type, LANES))])
    return builder.bitcast(row, _VECTOR.as_pointer())


def _spread(builder: Any, value: Any) -> Any:
    """Return a vector with the scalar in every lane."""
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, INT(0))
    zeros = ir.Constant(ir.VectorType(INT, LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)


@intrinsic
def load(typingctx: Any, rows: Any, index: Any) -> Any:
    """Return row `index` of an (n, LANES) array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_pointer(context, builder, signature.args[0], *args), align=8)

    return Lanes(rows, types.intp), generate


@intrinsic
def store(typingctx: Any, rows: Any, index: Any, value: Any) -> Any:
    """Write row `index` of an (n, LANES) array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, signature.args[0], *args[:2])
        builder.store(args[2], pointer, align=8)
        return context.get_dummy_value()

    return types.void(rows, types.intp, Lanes), generate


@intrinsic
def spread(typingctx: Any, value: Any) -> Any:
    """Return a scalar in every lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _spread(builder, args[0])

    return Lanes(types.float64), generate


def _elementwise(n_argument: int, result: Any, emit: Any, doc: str) -> Any:
    """Make an intrinsic of `n_argument` vectors (or masks) from what emits its instruction."""
    kind = Mask if doc.startswith("Mask:") else Lanes

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return emit(builder, *args)

    def one(typingctx: Any, a: Any) -> Any:
        return result(kind), generate

    def two(typingctx: Any, a: Any, b: Any) -> Any:
        return result(kind, kind), generate

    def three(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
        return result(kind, kind, kind), generate

    function = (one, two, three)[n_argument - 1]
    function.__doc__ = doc
    return intrinsic(function)


def _library(name: str, *operands: Any, builder: Any) -> Any:
    """Call LLVM's own function `name` on vectors."""
    kind = operands[0].type
    suffix = "f64" if kind.element == DOUBLE else "f32"
    signature = ir.FunctionType(kind, [kind] * len(operands))
    function = cgutils.get_or_insert_function(
        builder.module, signature, f"llvm.{name}.v{kind.count}{suffix}"
    )
    return builder.call(function, operands)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """Multiply and add, fused where the machine can."""
    return _library("fmuladd", a, b, c, builder=builder)


def square_root(builder: Any, a: Any) -> Any:
    """Emit the square root of a vector."""
    return _library("sqrt", a, builder=builder)


def inverse_square_root(builder: Any, a: Any) -> Any:
    """Emit 1 / sqrt: the single-precision value and one Newton step, 14 digits at half the cost."""
    n = a.type.count
    short = ir.VectorType(ir.FloatType(), n)
    root = _library("sqrt", builder.fptrunc(a, short), builder=builder)
    guess = builder.fpext(builder.fdiv(ir.Constant(short, [1.0] * n), root), a.type)
    one, half = (ir.Constant(a.type, [value] * n) for value in (1.0, 0.5))
    error = _fma(builder, builder.fneg(builder.fmul(a, guess)), guess, one)
    return _fma(builder, builder.fmul(guess, half), error, guess)


add = _elementwise(2, Lanes, lambda b, x, y: b.fadd(x, y), "Return x + y.")
mul = _elementwise(2, Lanes, lambda b, x, y: b.fmul(x, y), "Return x * y.")
div = _elementwise(2, Lanes, lambda b, x, y: b.fdiv(x, y), "Return x / y.")
fma = _elementwise(3, Lanes, _fma, "Return x * y + z.")
fnma = _elementwise(3, Lanes, lambda b, x, y, z: _fma(b, b.fneg(x), y, z), "Return z - x * y.")
vabs = _elementwise(1, Lanes, lambda b, x: _library("fabs", x, builder=b), "Return |x|.")
vsqrt = _elementwise(1, Lanes, square_root, "Return sqrt(x).")
less = _elementwise(2, Mask, lambda b, x, y: b.fcmp_ordered("<", x, y), "Return where x < y.")
vmax = _elementwise(
    2, Lanes, lambda b, x, y: b.select(b.fcmp_ordered(">", x, y), x, y), "Return the greater."
)
vmin = _elementwise(
    2, Lanes, lambda b, x, y: b.select(b.fcmp_ordered("<", x, y), x, y), "Return the smaller."
)
both = _elementwise(2, Mask, lambda b, x, y: b.and_(x, y), "Mask: return x and y.")
either = _elementwise(2, Mask, lambda b, x, y: b.or_(x, y), "Mask: return x or y.")
but_not = _elementwise(2, Mask, lambda b, x, y: b.and_(x, b.not_(y)), "Mask: return x, not y.")


@intrinsic
def select(typingctx: Any, mask: Any, a: Any, b: Any) -> Any:
    """Return `a` where the mask holds, else `b`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(*args)

    return Lanes(Mask, Lanes, Lanes), generate


@intrinsic
def holds_any(typingctx: Any, mask: Any) -> Any:
    """Return whether the mask holds in any lane."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(Mask), generate


@intrinsic
def prefetch(typingctx: Any, table: Any, at: Any) -> Any:
    """Ask for one block's row of memory, `at` elements into the table, long before it is read."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, INT, INT, INT])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        for element in range(0, LANES, 8):
            place = builder.add(args[1], ir.Constant(args[1].type, element))
            pointer = builder.bitcast(builder.gep(data, [place]), byte)
            builder.call(function, [pointer, INT(0), INT(2), INT(1)])
        return context.get_dummy_value()

    return types.void(table, types.intp), generate


@intrinsic
def coefficient(typingctx: Any, table: Any, bus: Any, which: Any) -> Any:
    """Return a branch coefficient in every lane.

    `table` is (n_bus, n) when all cases share the branches, (n_bus, n, LANES) when each has its
    own: one source of a sweep serves both.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        n_which = cgutils.unpack_tuple(builder, array.shape)[1]
        at = builder.add(builder.mul(args[1], n_which), args[2])
        if signature.args[0].ndim == 2:
            return _spread(builder, builder.load(builder.gep(array.data, [at])))
        at = builder.mul(at, ir.Constant(at.type, LANES))
        row = builder.bitcast(builder.gep(array.data, [at]), _VECTOR.as_pointer())
        return builder.load(row, align=8)

    return Lanes(table, types.intp, types.intp), generate
