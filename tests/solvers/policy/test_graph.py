"""Steps in chunks, and as a CUDA graph, against plain rollouts."""

import numpy as np
import pytest

from tests.solvers.policy.conftest import cvrp, tour

torch = pytest.importorskip("torch")

from vrp.solvers.policy import env  # noqa: E402
from vrp.solvers.policy.graph import GraphRollouts, advance  # noqa: E402
from vrp.solvers.policy.pomo import Shape, seeded  # noqa: E402
from vrp.solvers.policy.rollout import Rollout, rollout, starts  # noqa: E402


def case(device: str) -> tuple:
    rng = np.random.default_rng(0)
    batch = env.encode([cvrp(rng, 8), tour(rng, 8), cvrp(rng, 5), tour(rng, 6)]).to(device)
    policy = seeded(Shape(width=32, heads=4, hidden=32, layers=2), seed=3).to(device)
    return policy, batch, starts(batch, 6)


def gumbel(seed: int, *shape: int, device: str) -> torch.Tensor:
    noise = torch.empty(*shape, device=device)
    return noise.exponential_(generator=torch.Generator(device).manual_seed(seed)).log_().neg_()


def plain(policy, batch, first, noise: torch.Tensor) -> Rollout:
    """A rollout whose choices take their noise from a list."""
    left = iter(noise)
    return rollout(policy, policy.encode(batch), batch, first, lambda logits: (logits + next(left)).argmax(dim=2))


def assert_same_walks(one: Rollout, other: Rollout) -> None:
    """Equal choices and queries, up to the steps at the end in which all stay at home."""
    length, rollouts = one.choices.shape[2], one.home.shape[1]
    assert torch.equal(one.choices, other.choices[..., :length])
    assert (other.choices[..., length:] == other.home[..., None]).all()
    for a, b in zip(one.asked, other.asked, strict=True):
        assert torch.allclose(a, b[:, : (length - 1) * rollouts])


def test_chunks_equal_rollout() -> None:
    """Three steps at a time choose and ask what single steps with the same noise do, and know when all is done."""
    policy, batch, first = case("cpu")
    noise = gumbel(1, 30, *first.shape, batch.places, device="cpu")
    whole = plain(policy, batch, first, noise)
    memory, state, choices, asked = policy.encode(batch), env.begin(batch, first), [first[..., None]], []
    for at in range(0, 30, 3):
        state, chosen, queries, done = advance(policy, memory, batch, state, noise[at : at + 3])
        choices.append(chosen)
        asked.append(queries)
        assert bool(done) == (at + 3 >= whole.choices.shape[2] - 1)
        if done:
            break
    merged = type(asked[0])(*(torch.cat(field, dim=1) for field in zip(*asked, strict=True)))
    assert_same_walks(whole, Rollout(state.home, torch.cat(choices, dim=2), merged))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("reduced", [False, True])
def test_graph_equals_rollout(reduced: bool) -> None:
    """A captured graph gives the walks of plain steps with the same noise; also after the weights have changed."""
    policy, batch, first = case("cuda")
    graphs = GraphRollouts(policy, steps=4)
    for seed in range(3):
        random = torch.Generator("cuda").manual_seed(seed)
        again = torch.Generator("cuda").manual_seed(seed)
        shape = (4, *first.shape, batch.places)
        noise = [torch.empty(shape, device="cuda").exponential_(generator=again).log_().neg_() for _ in range(6)]
        with torch.autocast("cuda", torch.bfloat16, enabled=reduced):
            captured = graphs(policy.encode(batch), batch, first, random)
            assert_same_walks(plain(policy, batch, first, torch.cat(noise)), captured)
        with torch.no_grad():
            for weight in policy.parameters():
                weight.mul_(1.2)
