"""Attention by compiled kernels, against its formula in 64 bits."""

import pytest

torch = pytest.importorskip("torch")

from vrp.solvers.policy import attention as module  # noqa: E402
from vrp.solvers.policy.attention import attention  # noqa: E402


def drawn(size: int, places: int, width: int, spread: float = 2.0) -> torch.Tensor:
    random = torch.Generator().manual_seed(places)
    return (spread * torch.randn(size, places, 3 * width, generator=random)).requires_grad_()


def formula(maps: torch.Tensor, heads: int) -> torch.Tensor:
    """Softmax of query times key over the root of their length, times value, for each head."""
    width = maps.shape[2] // 3 // heads
    query, key, value = maps.unflatten(2, (3, heads, width)).unbind(2)
    weights = torch.einsum("bihd,bjhd->bhij", query, key).div(width**0.5).softmax(dim=3)
    return torch.einsum("bhij,bjhd->bihd", weights, value).flatten(2)


@pytest.mark.parametrize("places", [1, 2, 15, 16, 17, 51])
@pytest.mark.parametrize(("width", "heads"), [(128, 8), (64, 2), (16, 4), (24, 2), (6, 2)])
def test_formula(places: int, width: int, heads: int) -> None:
    """What places learn, and the gradients of that, for numbers of places and widths that fill no vector too."""
    maps = drawn(3, places, width)
    exact = maps.detach().double().requires_grad_()
    found, want = attention(maps, heads, None), formula(exact, heads)
    assert torch.allclose(found.double(), want, rtol=1e-4, atol=1e-5)
    along = torch.randn(width, places, 3, generator=torch.Generator().manual_seed(1)).permute(2, 1, 0)
    mine, theirs = torch.autograd.grad(found, maps, along)[0], torch.autograd.grad(want, exact, along.double())[0]
    assert torch.allclose(mine.double(), theirs, rtol=1e-4, atol=1e-4)


def test_large_scores() -> None:
    """One place takes everything where scores are far apart, without an overflow."""
    maps = drawn(2, 20, 32, spread=40.0)
    found = attention(maps, 4, None)
    assert torch.allclose(found.double(), formula(maps.double(), 4), rtol=1e-3, atol=1e-3)
    assert bool(torch.autograd.grad(found.sum(), maps)[0].isfinite().all())


def test_what_is_not_a_number_is_not_hidden() -> None:
    """It comes out of every place that looks at it, and of no other problem."""
    maps = drawn(2, 20, 32).detach()
    maps[0, 3, 40] = torch.nan
    found = attention(maps, 4, None).isnan()
    assert bool(found[0, :, 8:16].all())
    assert not bool(found[0, :, 16:].any() | found[1].any())


@pytest.mark.parametrize("change", ["double", "autocast", "strided", "empty", "nowhere", "bias", "hidden"])
def test_everything_else(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other numbers, autocast, views, no problems, and biases give what torch gives."""
    maps, bias = drawn(4, 9, 32).detach(), None
    maps = {"double": maps.double(), "strided": maps[:, ::2], "empty": maps[:0], "nowhere": maps[:, :0]}.get(
        change, maps
    )
    if change == "bias":
        bias = torch.randn(4, 1, 9, 9, generator=torch.Generator().manual_seed(1))
    if change == "hidden":
        bias = (torch.arange(9) < 7)[None, :].expand(9, 9)
    with torch.autocast("cpu", enabled=change == "autocast"):
        found = attention(maps, 4, bias)
        monkeypatch.setattr(module, "suits", lambda *_: False)
        theirs = attention(maps, 4, bias)
    assert found.dtype is theirs.dtype
    assert torch.allclose(found, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_functional_torch() -> None:
    """Transforms of functions see torch's operators."""
    maps = drawn(5, 9, 48).detach()
    one_by_one = torch.func.vmap(lambda one: attention(one[None], 4, None)[0])(maps)
    assert torch.allclose(one_by_one, attention(maps, 4, None), rtol=1e-4, atol=1e-5)


def test_threads() -> None:
    """Any number of threads gives the same bits."""
    maps = drawn(5, 20, 32)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            mixed = attention(maps, 4, None)
            found.append((mixed, torch.autograd.grad(mixed.square().sum(), maps)[0]))
    finally:
        torch.set_num_threads(before)
    for mixed, moved in found[1:]:
        assert torch.equal(mixed, found[0][0])
        assert torch.equal(moved, found[0][1])


@pytest.mark.parametrize("pull", ["constant", "learned"])
def test_second_derivatives_are_refused(pull: str) -> None:
    """They would be wrong, not missing: whoever asks is told."""
    maps = drawn(2, 5, 16)
    mixed = attention(maps, 2, None)
    total = mixed.sum() if pull == "constant" else mixed.square().sum()
    moved = torch.autograd.grad(total, maps, create_graph=True)[0]
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(moved.square().sum(), maps)


def test_traced_graphs_hold_torch_operators() -> None:
    """A graph that was recorded computes, on other numbers too."""
    from torch.fx.experimental.proxy_tensor import make_fx

    one, other = drawn(2, 5, 16).detach(), drawn(2, 6, 16).detach()[:, :5]
    graph = make_fx(lambda maps: attention(maps, 2, None))(one)
    assert torch.allclose(graph(other), attention(other, 2, None), rtol=1e-4, atol=1e-5)
