"""Vector instructions of kernels: what loops over the width of a network come to, with its sizes known in advance.

LLVM does not turn such short loops into vectors by itself, since it cannot tell that the arrays do not overlap; here
they must not. All arrays are 32-bit and contiguous; places in them are counted in elements. The width of a network is
H heads of w lanes, in the order [w, H]; both are given as tuples of so many elements, which are types to the compiler.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

instruction: Callable[[Callable[..., Any]], Any] = intrinsic
FLOAT = ir.FloatType()
LOOSE = ("contract", "reassoc", "nsz")
"""Products and sums may be fused and sums be taken in any order."""


@instruction
def add(typing: Any, out: Any, o: Any, by: Any, x: Any, i: Any, heads: Any, lanes: Any) -> Any:
    """Add `by` times the H * w numbers of x from i on to those of `out` from o on."""
    width = heads.count * lanes.count

    def code(builder: Any, out: Any, o: Any, by: Any, x: Any, i: Any) -> None:
        factor = _spread(builder, builder.insert_element(_vector(1)(ir.Undefined), by, _whole(0)), width, 1)
        _increase(builder, _at(builder, out, o, width), factor, _load(builder, x, i, width))

    return _signed(types.void, code, out, o, by, x, i, heads, lanes)


@instruction
def dot(typing: Any, x: Any, i: Any, y: Any, j: Any, heads: Any, lanes: Any) -> Any:
    """Return the sum of the products of the H * w numbers of x from i on and those of y from j on."""
    width = heads.count * lanes.count

    def code(builder: Any, x: Any, i: Any, y: Any, j: Any) -> Any:
        product = builder.fmul(_load(builder, x, i, width), _load(builder, y, j, width), flags=LOOSE)
        name = f"llvm.vector.reduce.fadd.v{width}f32"
        kind = ir.FunctionType(FLOAT, [FLOAT, _vector(width)])
        total = builder.module.declare_intrinsic(name, [], kind)
        return builder.call(total, [ir.Constant(FLOAT, 0.0), product], fastmath=LOOSE)

    return _signed(types.float32, code, x, i, y, j, heads, lanes)


@instruction
def mix(typing: Any, out: Any, o: Any, weights: Any, k: Any, x: Any, i: Any, heads: Any, lanes: Any) -> Any:
    """Add to the H * w numbers of `out` from o on those of x from i on, each times the weight of its head.

    The H weights are those from k on.
    """
    width = heads.count * lanes.count

    def code(builder: Any, out: Any, o: Any, weights: Any, k: Any, x: Any, i: Any) -> None:
        factor = _spread(builder, _load(builder, weights, k, heads.count), width, heads.count)
        _increase(builder, _at(builder, out, o, width), factor, _load(builder, x, i, width))

    return _signed(types.void, code, out, o, weights, k, x, i, heads, lanes)


@instruction
def compare(typing: Any, out: Any, o: Any, x: Any, i: Any, y: Any, j: Any, heads: Any, lanes: Any) -> Any:
    """Write to the H numbers of `out` from o on, for each head, the sum of products of x from i on and y from j on."""
    count, width = heads.count, heads.count * lanes.count

    def code(builder: Any, out: Any, o: Any, x: Any, i: Any, y: Any, j: Any) -> None:
        product = builder.fmul(_load(builder, x, i, width), _load(builder, y, j, width), flags=LOOSE)
        parts = [_taken(builder, product, range(first, first + count)) for first in range(0, width, count)]
        total = parts[0]
        for part in parts[1:]:
            total = builder.fadd(total, part, flags=LOOSE)
        builder.store(total, _at(builder, out, o, count), align=4)

    return _signed(types.void, code, out, o, x, i, y, j, heads, lanes)


@instruction
def raise_to(typing: Any, out: Any, o: Any, x: Any, i: Any, heads: Any, lanes: Any) -> Any:
    """Raise the H * w numbers of `out` from o on to at least those of x from i on."""
    width = heads.count * lanes.count

    def code(builder: Any, out: Any, o: Any, x: Any, i: Any) -> None:
        place, number = _at(builder, out, o, width), _load(builder, x, i, width)
        before = builder.load(place, align=4)
        higher = builder.select(builder.fcmp_ordered(">", number, before), number, before)
        builder.store(higher, place, align=4)

    return _signed(types.void, code, out, o, x, i, heads, lanes)


@instruction
def floor(typing: Any, number: Any) -> Any:
    """Round a 32-bit number down."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.call(builder.module.declare_intrinsic("llvm.floor", [FLOAT]), arguments)

    return types.float32(types.float32), code


@instruction
def power_of_two(typing: Any, exponent: Any) -> Any:
    """Return 2 to the power of a whole number from -126 to 127, by the bits of a 32-bit number."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.IntType(32)
        whole = builder.add(builder.fptosi(arguments[0], kind), ir.Constant(kind, 127))
        return builder.bitcast(builder.shl(whole, ir.Constant(kind, 23)), FLOAT)

    return types.float32(types.float32), code


def _signed(returned: Any, code: Callable[..., Any], *given: Any) -> Any:
    """Return a signature and its code; arrays come as pointers to their data, and the sizes not at all."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = []
        for kind, value in zip(signature.args[:-2], arguments[:-2], strict=True):
            if isinstance(kind, types.Array):
                values.append(context.make_array(kind)(context, builder, value).data)
            else:
                wanted = types.float32 if isinstance(kind, types.Float) else types.intp
                values.append(context.cast(builder, value, kind, wanted))
        made = code(builder, *values)
        return context.get_dummy_value() if made is None else made

    return returned(*given), generate


def _vector(count: int) -> ir.VectorType:
    return ir.VectorType(FLOAT, count)


def _whole(number: int) -> ir.Constant:
    return ir.Constant(ir.IntType(32), number)


def _at(builder: Any, data: Any, begin: Any, count: int) -> Any:
    """Return a pointer to `count` numbers."""
    return builder.bitcast(builder.gep(data, [begin]), _vector(count).as_pointer())


def _load(builder: Any, data: Any, begin: Any, count: int) -> Any:
    return builder.load(_at(builder, data, begin, count), align=4)


def _taken(builder: Any, vector: Any, lanes: range | list[int]) -> Any:
    """Return some lanes of a vector."""
    mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), [_whole(lane) for lane in lanes])
    return builder.shuffle_vector(vector, vector, mask)


def _spread(builder: Any, vector: Any, width: int, count: int) -> Any:
    """Return a vector of `count` lanes again and again."""
    return _taken(builder, vector, [lane % count for lane in range(width)])


def _increase(builder: Any, pointer: Any, factor: Any, number: Any) -> None:
    """Add a product to what a pointer points to."""
    before = builder.load(pointer, align=4)
    after = builder.fadd(before, builder.fmul(factor, number, flags=LOOSE), flags=LOOSE)
    builder.store(after, pointer, align=4)
