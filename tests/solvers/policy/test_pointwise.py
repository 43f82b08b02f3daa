"""RMSNorm and the gate by compiled kernels, against their formulas in 64 bits."""

import threading

import pytest

torch = pytest.importorskip("torch")

from vrp.solvers.policy import pointwise  # noqa: E402
from vrp.solvers.policy.pointwise import RMSNorm, gated  # noqa: E402
from vrp.solvers.policy.threads import in_threads  # noqa: E402

ROWS = (7, 3 * pointwise.BLOCK // 4)
"""More than four blocks, the last of them a part of one."""


def drawn(*shape: int) -> torch.Tensor:
    """Numbers of all sizes, some of them large; two tensors of one shape are alike."""
    found = torch.randn(*shape, generator=torch.Generator().manual_seed(len(shape) + shape[-1]))
    return (3 * found**3).requires_grad_()


def normal() -> RMSNorm:
    """One with weights other than 1."""
    norm = RMSNorm(48, eps=1e-5)
    with torch.no_grad():
        norm.weight.copy_(torch.linspace(-1, 2, 48))
    return norm


def pulled(x: torch.Tensor) -> torch.Tensor:
    """What the gradient is taken along; not contiguous."""
    return torch.randn(*reversed(x.shape), generator=torch.Generator().manual_seed(1)).permute(2, 1, 0)


def test_norm() -> None:
    """Of each row, its length is sqrt(width) times its weights; and the gradients of that."""
    x, norm = drawn(*ROWS, 48), normal()
    exact, weight = x.detach().double().requires_grad_(), norm.weight.detach().double().requires_grad_()
    want = weight * exact / (exact.square().mean(dim=2, keepdim=True) + 1e-5).sqrt()
    assert torch.allclose(norm(x).double(), want, rtol=1e-5, atol=1e-6)
    found = torch.autograd.grad(norm(x), (x, norm.weight), pulled(x))
    for mine, theirs in zip(found, torch.autograd.grad(want, (exact, weight), pulled(x).double()), strict=True):
        assert torch.allclose(mine.double(), theirs, rtol=1e-4, atol=1e-5 * float(theirs.abs().max()))


def test_gate() -> None:
    """The product of g / (1 + exp(-g)) and x, far from 0 too; and its gradients."""
    both = drawn(*ROWS, 48)
    exact = both.detach().double().requires_grad_()
    gate, value = exact.chunk(2, dim=2)
    want = gate / (1 + (-gate).exp()) * value
    assert float(gate.detach().min()) < -30 < 30 < float(gate.detach().max())
    assert torch.allclose(gated(both).double(), want, rtol=1e-5, atol=1e-6)
    along = pulled(both)[..., :24]
    found = torch.autograd.grad(gated(both), both, along)[0]
    assert torch.allclose(found.double(), torch.autograd.grad(want, exact, along.double())[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("change", ["double", "autocast", "strided", "empty", "frozen"])
def test_everything_else(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other numbers, autocast, views and no rows at all give what torch gives."""
    x, norm = drawn(5, 9, 48).detach(), normal().requires_grad_(change != "frozen")
    if change == "double":
        x, norm = x.double(), norm.double()
    x = x[:, ::2] if change == "strided" else x[:0] if change == "empty" else x
    with torch.autocast("cpu", enabled=change == "autocast"):
        found = norm(x), gated(x)
        assert norm(x).requires_grad == (change != "frozen")
        monkeypatch.setattr(pointwise, "suits", lambda *_: False)
        for mine, theirs in zip(found, (norm(x), gated(x)), strict=True):
            assert mine.dtype is theirs.dtype
            assert torch.allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_what_the_kernels_do_not_know_is_left_to_torch() -> None:
    """No epsilon, no weights, several axes; widths that do not fit are errors, as they are of torch."""
    x = drawn(5, 9, 48).detach()
    for width, more in ((48, {}), (48, {"eps": 1e-5, "elementwise_affine": False}), ((9, 48), {"eps": 1e-5})):
        assert torch.equal(RMSNorm(width, **more)(x), torch.nn.RMSNorm(width, **more)(x))
    for width in (24, 96):
        with pytest.raises(RuntimeError):
            RMSNorm(width, eps=1e-5)(x)
    with pytest.raises(RuntimeError):
        gated(x[..., :7])


def test_functional_torch() -> None:
    """Transforms of functions and exported graphs see torch's operators."""
    x, norm = drawn(5, 9, 48).detach(), normal()
    assert torch.allclose(torch.func.vmap(lambda row: gated(norm(row)))(x), gated(norm(x)), rtol=1e-5, atol=1e-6)
    assert torch.allclose(torch.export.export(norm, (x,)).module()(x), norm(x), rtol=1e-5, atol=1e-6)


def test_threads() -> None:
    """Any number of threads gives the same bits."""
    x, both, norm = drawn(*ROWS, 48), drawn(*ROWS, 48), normal()

    def all_of_it() -> list[torch.Tensor]:
        normed, gates = norm(x), gated(both)
        moved = torch.autograd.grad(normed, (x, norm.weight), pulled(x))
        return [normed, gates, *moved, *torch.autograd.grad(gates, both, pulled(both)[..., :24])]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = all_of_it()
        for threads in (2, 3):
            torch.set_num_threads(threads)
            assert all(torch.equal(mine, theirs) for mine, theirs in zip(one, all_of_it(), strict=True))
    finally:
        torch.set_num_threads(before)


def test_an_error_ends_all_threads() -> None:
    """The first error is raised, and the others are told to stop."""
    told = []
    both = threading.Barrier(2, timeout=10)

    def run(begin: int, end: int, stopped: threading.Event) -> None:
        both.wait()
        if begin == 0:
            raise ValueError("first")
        told.append(stopped.wait(10))

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(ValueError, match="first"):
            in_threads(10, run)
    finally:
        torch.set_num_threads(before)
    assert told == [True]
