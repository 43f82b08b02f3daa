"""Vector instructions of kernels: what loops over the width of a network come to, with its sizes known in advance.

LLVM does not turn such short loops into vectors by itself, since it cannot tell that the arrays do not overlap; here
they must not. All arrays are 32-bit and contiguous. Sizes are given as tuples of so many elements, which are types to
the compiler: H weights, each for w numbers of a row of H * w, in the order [w, H].
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic
from numpy.polynomial import Chebyshev, Polynomial

instruction: Callable[[Callable[..., Any]], Any] = intrinsic
FLOAT = ir.FloatType()
LOOSE = ("contract", "reassoc", "nsz")
"""Products and sums may be fused and sums be taken in any order."""
TALL = 8
"""Rows of a product whose sums are kept in registers together."""
LINE = 16
"""Numbers in a line of the cache."""
LOG2E = 1 / math.log(2)
LEAST = -60.0
"""Its exponential, 1e-26, is nothing beside 1, and what becomes of it is seldom denormal, which would be slow."""
_POLYNOMIAL = Chebyshev.interpolate(np.exp2, 6, domain=[0, 1]).convert(kind=Polynomial)
POWERS: list[float] = np.asarray(_POLYNOMIAL.coef, np.float32).tolist()
"""2 to the power of x from 0 to 1, to 1e-7, as a polynomial."""


@instruction
def add(typing: Any, out: Any, o: Any, by: Any, x: Any, i: Any, size: Any) -> Any:
    """Add `by` times so many numbers of x, from the i-th on, to those of `out` from the o-th on."""

    def code(builder: Any, out: Any, o: Any, by: Any, x: Any, i: Any) -> None:
        factor = builder.insert_element(_vector(1)(ir.Undefined), by, ir.Constant(ir.IntType(32), 0))
        done = 0
        while done < size.count:
            # For a vector of, say, 10 numbers LLVM takes more instructions than for one of 8 and one of 2.
            width = 1 << (size.count - done).bit_length() - 1
            to = _at(builder, out, builder.add(o, _long(done)), width)
            number = _load(builder, x, builder.add(i, _long(done)), width)
            product = builder.fmul(_spread(builder, factor, width, 1), number, flags=LOOSE)
            builder.store(builder.fadd(builder.load(to, align=4), product, flags=LOOSE), to, align=4)
            done += width

    return _signed(types.void, code, out, o, by, x, i, size)


@instruction
def copy(typing: Any, out: Any, o: Any, by: Any, x: Any, i: Any, size: Any) -> Any:
    """Write `by` times so many numbers of x, from the i-th on, to those of `out` from the o-th on."""
    width = size.count

    def code(builder: Any, out: Any, o: Any, by: Any, x: Any, i: Any) -> None:
        factor = builder.insert_element(_vector(1)(ir.Undefined), by, ir.Constant(ir.IntType(32), 0))
        number = builder.fmul(_spread(builder, factor, width, 1), _load(builder, x, i, width))
        builder.store(number, _at(builder, out, o, width), align=4)

    return _signed(types.void, code, out, o, by, x, i, size)


@instruction
def gather(
    typing: Any, out: Any, weights: Any, x: Any, places: Any, first: Any, count: Any, heads: Any, lanes: Any
) -> Any:
    """Write to the first H * w numbers of `out` the sum of rows of x, each times its H weights.

    The rows are those of the first `count` places, counted from the row `first` on; weights are in the order of places.
    """
    width = heads.count * lanes.count

    def code(builder: Any, out: Any, weights: Any, x: Any, places: Any, first: Any, count: Any) -> None:
        total = _zero(builder, width)
        with _rows(builder, places, first, count, width) as (k, row):
            factor = _spread(builder, _load_row(builder, weights, k, heads.count), width, heads.count)
            product = builder.fmul(factor, _load(builder, x, row, width), flags=LOOSE)
            builder.store(builder.fadd(builder.load(total), product, flags=LOOSE), total)
        builder.store(builder.load(total), _at(builder, out, _long(0), width), align=4)

    return _signed(types.void, code, out, weights, x, places, first, count, heads, lanes)


@instruction
def scatter(
    typing: Any, out: Any, weights: Any, x: Any, places: Any, first: Any, count: Any, heads: Any, lanes: Any
) -> Any:
    """Add the first H * w numbers of x to rows of `out`, each times its H weights; see `gather`."""
    width = heads.count * lanes.count

    def code(builder: Any, out: Any, weights: Any, x: Any, places: Any, first: Any, count: Any) -> None:
        number = _load(builder, x, _long(0), width)
        with _rows(builder, places, first, count, width) as (k, row):
            factor = _spread(builder, _load_row(builder, weights, k, heads.count), width, heads.count)
            to = _at(builder, out, row, width)
            product = builder.fmul(factor, number, flags=LOOSE)
            builder.store(builder.fadd(builder.load(to, align=4), product, flags=LOOSE), to, align=4)

    return _signed(types.void, code, out, weights, x, places, first, count, heads, lanes)


@instruction
def compare(typing: Any, out: Any, x: Any, y: Any, places: Any, first: Any, count: Any, heads: Any, lanes: Any) -> Any:
    """Write [count, H], sums of the products of the first H * w numbers of x and those in rows of y; see `gather`."""
    width = heads.count * lanes.count

    def code(builder: Any, out: Any, x: Any, y: Any, places: Any, first: Any, count: Any) -> None:
        number = _load(builder, x, _long(0), width)
        with _rows(builder, places, first, count, width) as (k, row):
            product = builder.fmul(number, _load(builder, y, row, width), flags=LOOSE)
            total = _sums(builder, product, width, heads.count)
            builder.store(total, _at(builder, out, builder.mul(k, _long(heads.count)), heads.count), align=4)

    return _signed(types.void, code, out, x, y, places, first, count, heads, lanes)


@instruction
def soften(typing: Any, out: Any, x: Any, columns: Any, count: Any, heads: Any) -> Any:
    """Write [count, H], the softmax over rows of the first H of the `columns` numbers in each row of x."""
    wide = heads.count

    def code(builder: Any, out: Any, x: Any, columns: Any, count: Any) -> None:
        top = _register(builder, ir.Constant(_vector(wide), [-math.inf] * wide))
        with cgutils.for_range(builder, count) as loop:
            number, before = _load(builder, x, builder.mul(loop.index, columns), wide), builder.load(top)
            builder.store(builder.select(builder.fcmp_ordered(">", number, before), number, before), top)
        total, highest = _zero(builder, wide), builder.load(top)
        with cgutils.for_range(builder, count) as loop:
            number = _load(builder, x, builder.mul(loop.index, columns), wide)
            weight = _exponential(builder, builder.fsub(number, highest), _vector(wide))
            builder.store(weight, _at(builder, out, builder.mul(loop.index, _long(wide)), wide), align=4)
            builder.store(builder.fadd(builder.load(total), weight), total)
        by = builder.fdiv(ir.Constant(_vector(wide), [1.0] * wide), builder.load(total))
        with cgutils.for_range(builder, count) as loop:
            to = _at(builder, out, builder.mul(loop.index, _long(wide)), wide)
            builder.store(builder.fmul(builder.load(to, align=4), by), to, align=4)

    return _signed(types.void, code, out, x, columns, count, heads)


@instruction
def soften_back(typing: Any, out: Any, columns: Any, weights: Any, pulled: Any, count: Any, heads: Any) -> Any:
    """Write the gradients of what `soften` is given, to the first H of the `columns` numbers in each row of `out`."""
    wide = heads.count

    def code(builder: Any, out: Any, columns: Any, weights: Any, pulled: Any, count: Any) -> None:
        total = _zero(builder, wide)
        with cgutils.for_range(builder, count) as loop:
            weight, pull = (_load_row(builder, each, loop.index, wide) for each in (weights, pulled))
            product = builder.fmul(weight, pull, flags=LOOSE)
            builder.store(builder.fadd(builder.load(total), product, flags=LOOSE), total)
        mean = builder.load(total)
        with cgutils.for_range(builder, count) as loop:
            weight, pull = (_load_row(builder, each, loop.index, wide) for each in (weights, pulled))
            moved = builder.fmul(weight, builder.fsub(pull, mean))
            builder.store(moved, _at(builder, out, builder.mul(loop.index, columns), wide), align=4)

    return _signed(types.void, code, out, columns, weights, pulled, count, heads)


@instruction
def multiply(
    typing: Any, out: Any, rows: Any, factors: Any, down: Any, across: Any, x: Any, count: Any, lanes: Any
) -> Any:
    """Add to rows of `out` the product of a matrix with the first `count` rows of x, all of w numbers.

    There must be a multiple of `TALL` rows of `out`. The next row of the matrix is so many numbers `down`, and its next
    column so many `across`; these are sizes, too.
    """
    width = lanes.count

    def code(builder: Any, out: Any, rows: Any, factors: Any, x: Any, count: Any) -> None:
        with cgutils.for_range(builder, builder.udiv(rows, _long(TALL))) as block:
            each = [builder.add(builder.mul(block.index, _long(TALL)), _long(r)) for r in range(TALL)]
            places = [_at(builder, out, builder.mul(r, _long(width)), width) for r in each]
            begins = [builder.mul(r, _long(down.count)) for r in each]
            totals = [_register(builder, builder.load(place, align=4)) for place in places]
            with cgutils.for_range(builder, count) as loop:
                number = _load_row(builder, x, loop.index, width)
                along = builder.mul(loop.index, _long(across.count))
                for begin, total in zip(begins, totals, strict=True):
                    factor = _spread(builder, _load(builder, factors, builder.add(begin, along), 1), width, 1)
                    product = builder.fmul(factor, number, flags=LOOSE)
                    builder.store(builder.fadd(builder.load(total), product, flags=LOOSE), total)
            for place, total in zip(places, totals, strict=True):
                builder.store(builder.load(total), place, align=4)

    return _signed(types.void, code, out, rows, factors, down, across, x, count, lanes)


@instruction
def exponential(typing: Any, number: Any) -> Any:
    """Return the exponential of a 32-bit number up to 0; loops that call it can be made of vectors."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _exponential(builder, arguments[0], FLOAT)

    return types.float32(types.float32), code


def _exponential(builder: Any, x: Any, kind: Any) -> Any:
    """Return the exponentials of numbers up to 0; `kind` is theirs, `FLOAT` or a vector."""
    size = f"v{kind.count}f32" if isinstance(kind, ir.VectorType) else "f32"

    def every(number: float, kind: Any = kind) -> ir.Constant:
        return ir.Constant(kind, [number] * kind.count if isinstance(kind, ir.VectorType) else number)

    def single(number: float) -> ir.Constant:
        return every(float(np.float32(number)))

    x = builder.select(builder.fcmp_ordered("<", x, single(LEAST)), single(LEAST), x)
    x = builder.fmul(x, single(LOG2E))
    floor = builder.module.declare_intrinsic(f"llvm.floor.{size}", [], ir.FunctionType(kind, [kind]))
    whole = builder.call(floor, [x])
    rest = builder.fsub(x, whole)
    found = single(POWERS[-1])
    for power in POWERS[-2::-1]:
        found = builder.fadd(builder.fmul(found, rest, flags=LOOSE), single(power), flags=LOOSE)
    # 2 to the power of a whole number, by the bits of a 32-bit number.
    bits: Any = ir.IntType(32)
    if isinstance(kind, ir.VectorType):
        bits = ir.VectorType(bits, kind.count)
    exponent = builder.add(builder.fptosi(whole, bits), every(127, bits))
    return builder.fmul(found, builder.bitcast(builder.shl(exponent, every(23, bits)), kind))


def _signed(returned: Any, code: Callable[..., Any], *given: Any) -> Any:
    """Return a signature and its code; arrays come as pointers to their data, and the sizes not at all."""
    for kind in given:
        if isinstance(kind, types.Array) and (kind.layout != "C" or kind.dtype not in (types.float32, types.int64)):
            raise TypingError(f"Arrays must be contiguous, of 32-bit numbers or places, but one is {kind}.")

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = []
        for kind, value in zip(signature.args, arguments, strict=True):
            if isinstance(kind, types.Array):
                values.append(context.make_array(kind)(context, builder, value).data)
            elif not isinstance(kind, types.BaseTuple):
                wanted = types.float32 if isinstance(kind, types.Float) else types.intp
                values.append(context.cast(builder, value, kind, wanted))
        code(builder, *values)
        return context.get_dummy_value()

    return returned(*given), generate


@contextmanager
def _rows(builder: Any, places: Any, first: Any, count: Any, width: int) -> Iterator[tuple[Any, Any]]:
    """Loop over places; gives the number of each, and where its row begins."""
    with cgutils.for_range(builder, count) as loop:
        place = builder.load(builder.gep(places, [loop.index]))
        yield loop.index, builder.mul(builder.add(first, place), _long(width))


def _vector(count: int) -> ir.VectorType:
    return ir.VectorType(FLOAT, count)


def _register(builder: Any, value: Any) -> Any:
    """Return a place for a value, which the compiler keeps in registers."""
    place: Any = cgutils.alloca_once(builder, value.type)  # type: ignore[no-untyped-call]
    builder.store(value, place)
    return place


def _zero(builder: Any, count: int) -> Any:
    return _register(builder, ir.Constant(_vector(count), None))


def _long(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(64), number)


def _at(builder: Any, data: Any, begin: Any, count: int) -> Any:
    """Return a pointer to `count` numbers."""
    return builder.bitcast(builder.gep(data, [begin]), _vector(count).as_pointer())


def _load(builder: Any, data: Any, begin: Any, count: int) -> Any:
    return builder.load(_at(builder, data, begin, count), align=4)


def _load_row(builder: Any, data: Any, k: Any, count: int) -> Any:
    """Return the k-th row of `count` numbers."""
    return _load(builder, data, builder.mul(k, _long(count)), count)


def _taken(builder: Any, vector: Any, lanes: range | list[int]) -> Any:
    """Return some lanes of a vector."""
    kind = ir.IntType(32)
    mask = ir.Constant(ir.VectorType(kind, len(lanes)), [ir.Constant(kind, lane) for lane in lanes])
    return builder.shuffle_vector(vector, vector, mask)


def _spread(builder: Any, vector: Any, width: int, count: int) -> Any:
    """Return a vector of `count` lanes again and again."""
    return _taken(builder, vector, [lane % count for lane in range(width)])


def _sums(builder: Any, vector: Any, width: int, count: int) -> Any:
    """Return `count` sums, each of every count-th lane."""
    if count == 1:
        kind = ir.FunctionType(FLOAT, [FLOAT, _vector(width)])
        total = builder.module.declare_intrinsic(f"llvm.vector.reduce.fadd.v{width}f32", [], kind)
        found = builder.call(total, [ir.Constant(FLOAT, 0.0), vector], fastmath=LOOSE)
        return builder.insert_element(_vector(1)(ir.Undefined), found, ir.Constant(ir.IntType(32), 0))
    parts = [_taken(builder, vector, range(first, first + count)) for first in range(0, width, count)]
    found = parts[0]
    for part in parts[1:]:
        found = builder.fadd(found, part, flags=LOOSE)
    return found
