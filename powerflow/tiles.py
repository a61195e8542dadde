"""Owns the way between a table of cases and a block: square tiles, transposed in registers.

A table has a case in each row, a block a bus in each row. Both are moved TILE by TILE, a row of the
one becoming a column of the other without passing through memory element by element.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from powerflow.vector import (
    DOUBLE,
    INT,
    LANES,
    Lanes,
    cgutils,
    intrinsic,
    inverse_square_root,
    square_root,
)

TILE = max(2, LANES // 2)
"""Cases and buses of one transposed tile: one register's worth of doubles each way."""


def _transpose(builder: Any, rows: list[Any]) -> list[Any]:
    """Return the columns of a square tile by exchanging halves, quarters, ... of row pairs."""
    n, step = len(rows), 1
    while step < n:
        low = [i + (n if i & step else 0) - (step if i & step else 0) for i in range(n)]
        high = [i + step + (n - step if i & step else 0) for i in range(n)]
        made = list(rows)
        for i in (i for i in range(n) if not i & step):
            for target, picks in ((i, low), (i + step, high)):
                mask = ir.Constant(ir.VectorType(INT, n), picks)
                made[target] = builder.shuffle_vector(rows[i], rows[i + step], mask)
        rows, step = made, 2 * step
    return rows


def _tile_pointers(
    context: Any, builder: Any, types_: Any, block: Any, table: Any, cases: Any, bus: Any
) -> Any:
    """Yield, tile by tile, the addresses of its rows in the block and in the table of cases."""
    tile = ir.VectorType(DOUBLE, TILE).as_pointer()

    def size(value: int) -> Any:
        return ir.Constant(bus.type, value)

    block_data = context.make_array(types_[0])(context, builder, block).data
    table_array = context.make_array(types_[1])(context, builder, table)
    case_data = context.make_array(types_[2])(context, builder, cases).data
    n_column = cgutils.unpack_tuple(builder, table_array.shape, 2)[1]
    for first in range(0, LANES, TILE):
        inside, outside = [], []
        for i in range(TILE):
            at = builder.add(builder.mul(builder.add(bus, size(i)), size(LANES)), size(first))
            inside.append(builder.bitcast(builder.gep(block_data, [at]), tile))
            case = builder.load(builder.gep(case_data, [size(first + i)]))
            at = builder.add(builder.mul(case, n_column), bus)
            outside.append(builder.bitcast(builder.gep(table_array.data, [at]), tile))
        yield inside, outside


@intrinsic
def load_tile(typingctx: Any, block: Any, table: Any, cases: Any, bus: Any, factor: Any) -> Any:
    """Copy TILE buses from `bus` on of the table's rows `cases` into the (n_bus, LANES) block.

    `factor` multiplies each lane.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = _tile_pointers(context, builder, signature.args, *args[:4])
        for part, (inside, outside) in enumerate(pairs):
            scale = _part(builder, args[4], part)
            columns = _transpose(builder, [builder.load(row, align=8) for row in outside])
            for pointer, column in zip(inside, columns, strict=True):
                builder.store(builder.fmul(column, scale), pointer, align=8)
        return context.get_dummy_value()

    return types.void(block, table, cases, types.intp, Lanes), generate


def _tile_writer(transform: Any, doc: str) -> Any:
    """Make an intrinsic that writes a tile of transformed values."""

    def store_tile(
        typingctx: Any, block: Any, table: Any, cases: Any, bus: Any, factor: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            pairs = _tile_pointers(context, builder, signature.args, *args[:4])
            for part, (inside, outside) in enumerate(pairs):
                scale = _part(builder, args[4], part)
                columns = [transform(builder, builder.load(row, align=8)) for row in inside]
                rows = _transpose(builder, [builder.fmul(column, scale) for column in columns])
                for pointer, row in zip(outside, rows, strict=True):
                    builder.store(row, pointer, align=8)
            return context.get_dummy_value()

        return types.void(block, table, cases, types.intp, Lanes), generate

    store_tile.__doc__ = doc
    return intrinsic(store_tile)


def _part(builder: Any, value: Any, part: int) -> Any:
    """Return the lanes of one tile."""
    picks = list(range(part * TILE, (part + 1) * TILE))
    mask = ir.Constant(ir.VectorType(INT, TILE), picks)
    return builder.shuffle_vector(value, value, mask)


store_tile_inverse_sqrt = _tile_writer(
    inverse_square_root,
    "Write factor / sqrt of TILE buses of the block to the rows `cases`.",
)
store_tile_sqrt = _tile_writer(
    square_root, "Write factor * sqrt of TILE buses of the block to the rows `cases`."
)
