"""The network: what a replay says, what it must not notice, and that all of decoding is feasible."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vrp
from tests.solvers.policy.conftest import cvrp, tour
from vrp.check import evaluate
from vrp.errors import OptionError

torch = pytest.importorskip("torch")

from vrp.solvers.policy import decoding, env  # noqa: E402
from vrp.solvers.policy import rollout as rollouts  # noqa: E402
from vrp.solvers.policy.pomo import POMO, Shape, seeded  # noqa: E402


@pytest.fixture(scope="module")
def policy() -> POMO:
    """A small network with lively weights, so that its choices are far from alike."""
    net = seeded(Shape(width=32, heads=4, hidden=48, layers=2), seed=1)
    with torch.no_grad():
        net.pointer.nearness.fill_(0.2)
        for weight in net.parameters():
            weight.mul_(1.5)
    return net.eval()


def mixed(seed: int, sizes: tuple[int, ...] = (7, 12, 5, 9)) -> list[vrp.Problem]:
    rng = np.random.default_rng(seed)
    return [(cvrp, tour)[i % 2](rng, n) for i, n in enumerate(sizes)]


def sampled(policy: POMO, batch: env.Instances, number: int = 5, seed: int = 0) -> rollouts.Rollout:
    random = torch.Generator().manual_seed(seed)
    first = rollouts.starts(batch, number, random)
    return rollouts.rollout(policy, policy.encode(batch), batch, first, rollouts.Sampler(random))


def test_replay_equals_steps(policy: POMO, either_way: None) -> None:
    """One call for all steps gives the log-probabilities that asking step by step gives, and the same gradients."""
    batch = env.encode(mixed(0))
    walks = sampled(policy, batch)
    at_once = rollouts.replay(policy, policy.encode(batch), batch, walks).log
    memory, state, by_step = policy.encode(batch), env.begin(batch, walks.choices[..., 0]), []
    for choice in walks.choices.unbind(2)[1:]:
        logits = policy(memory, rollouts.query(batch, state))
        by_step.append(logits.log_softmax(dim=2).gather(2, choice[..., None])[..., 0])
        state = env.step(batch, state, choice)
    stepwise = torch.stack(by_step, dim=2)
    assert torch.isfinite(at_once).all()
    assert torch.allclose(at_once, stepwise, atol=1e-5)
    weights = list(policy.parameters())
    there, here = (torch.autograd.grad(x.sum(), weights) for x in (at_once, stepwise))
    for a, b in zip(there, here, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-4 * float(b.abs().max()) + 1e-6)


def test_following_equals_rolling_out(policy: POMO, general: None) -> None:
    """Given choices are replayed as the queries that a policy which made them had asked."""
    batch = env.encode(mixed(1))
    walks = sampled(policy, batch)
    again = rollouts.follow(batch, walks.choices)
    assert torch.equal(again.home, walks.home)
    one, other = (rollouts.replay(policy, policy.encode(batch), batch, each) for each in (walks, again))
    assert walks.asked is not None
    assert again.asked is None
    assert torch.equal(one.log, other.log)
    assert torch.equal(one.free, other.free)


def test_reduced_precision_reaches_every_weight() -> None:
    """Under autocast too, a rollout before the replay leaves no weight without gradient, and costs little accuracy."""
    policy = seeded(Shape(width=32, heads=4, hidden=48, layers=2), seed=1)
    batch = env.encode(mixed(2))
    random = torch.Generator().manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        memory = policy.encode(batch)
        first = rollouts.starts(batch, 6, random)
        walks = rollouts.rollout(policy, memory.detached(), batch, first, rollouts.Sampler(random))
        reduced = rollouts.replay(policy, memory, batch, walks).log
    reduced.sum().backward()
    for name, weight in policy.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
    full = rollouts.replay(policy, policy.encode(batch), batch, walks).log
    assert torch.allclose(full, reduced, atol=0.1)


def test_probabilities_sum_to_one(policy: POMO, either_way: None) -> None:
    """Summed over all that can be sampled on a tiny problem, the probabilities of whole walks give 1."""
    batch = env.encode([cvrp(np.random.default_rng(4), 3, capacity=12.0)])
    seen = {}
    for seed in range(60):
        walks = sampled(policy, batch, number=20, seed=seed)
        # All from the same first stop.
        walks = rollouts.rollout(
            policy, policy.encode(batch), batch, torch.ones_like(walks.home),
            rollouts.Sampler(torch.Generator().manual_seed(seed)),
        )  # fmt: skip
        chance = rollouts.replay(policy, policy.encode(batch), batch, walks).log.sum(dim=2).exp()
        for walk, p in zip(walks.choices[0].tolist(), chance[0].tolist(), strict=True):
            while walk[-1] == 0:
                walk.pop()
            seen[tuple(walk)] = p
    assert sum(seen.values()) == pytest.approx(1.0, abs=0.01)


def greedy_costs(policy: POMO, problems: list[vrp.Problem], augment: int = 1) -> np.ndarray:
    home, choices, _ = decoding.best_of(policy, env.encode(problems), augment=augment)
    plans = [evaluate(p, env.decode(p, h, c)) for p, h, c in zip(problems, home, choices, strict=True)]
    for problem, plan in zip(problems, plans, strict=True):
        assert vrp.check(problem, plan) == []
    return np.array([plan.cost for plan in plans])


@given(st.integers(0, 2**31), st.floats(0.01, 1e4), st.floats(-1e4, 1e4))
@settings(max_examples=20)
def test_greedy_cost_is_invariant(policy: POMO, seed: int, scale: float, shift: float) -> None:
    """Moving and scaling the map, or listing the stops in another order, changes nothing but the unit."""
    problem = cvrp(np.random.default_rng(seed), 9)
    order = np.random.default_rng(seed).permutation(9)
    rows = np.concatenate([[0], order + 1])
    moved = problem.replace(coords=problem.coords * scale + shift)
    shuffled = problem.replace(coords=problem.coords[rows], delivery=problem.delivery[order])
    cost, other, third = greedy_costs(policy, [problem, moved, shuffled])
    assert other / scale == pytest.approx(cost, rel=1e-4)
    assert third == pytest.approx(cost, rel=1e-5)


def test_padding_and_company_change_nothing(policy: POMO) -> None:
    """A problem gets the same plan alone, beside larger ones, and at batch size 1 or more."""
    problems = mixed(7, (6, 6, 14, 14))
    together = greedy_costs(policy, problems)
    alone = [greedy_costs(policy, [p])[0] for p in problems]
    assert together == pytest.approx(alone, rel=1e-6)


def test_symmetries(policy: POMO) -> None:
    """Eight different maps with the same distances; the best of them is never worse than the first alone."""
    problems = mixed(8)
    batch = env.encode(problems)
    turned = decoding.symmetric(batch, 8)
    assert len({tuple(c.flatten().tolist()) for c in turned.coords[:8]}) == 8
    assert torch.allclose(env.distances(turned), env.distances(batch).repeat_interleave(8, dim=0), atol=1e-6)
    one, eight = greedy_costs(policy, problems), greedy_costs(policy, problems, augment=8)
    assert (eight <= one * (1 + 1e-6)).all()
    assert (eight < one).any()


def test_narrowed_sampling(policy: POMO) -> None:
    """One candidate left is greedy, whichever way; a low temperature too; everything allowed changes nothing."""
    logits = torch.randn(4, 6, 11, generator=torch.Generator().manual_seed(0)) * 3
    logits[..., 3] = -torch.inf

    def drawn(**options: float) -> torch.Tensor:
        return rollouts.Sampler(torch.Generator().manual_seed(5), **options)(logits)

    best = rollouts.greedy(logits)
    for options in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}):
        assert torch.equal(drawn(**options), best), options
    plain = rollouts.Sampler(torch.Generator().manual_seed(5))(logits)
    assert torch.equal(drawn(top_k=11, top_p=1.0), plain)
    assert not torch.equal(plain, best)
    top = logits.topk(3, dim=2).indices
    assert (top == drawn(top_k=3)[..., None]).any(dim=2).all()


def test_sampler_follows_the_probabilities() -> None:
    """Over 20,000 draws each place comes up as often as it should, within four standard errors."""
    logits = torch.tensor([0.0, 1.0, -1.0, -torch.inf, 2.0]).expand(1, 20_000, 5)
    drawn = rollouts.Sampler(torch.Generator().manual_seed(0))(logits)
    share = torch.bincount(drawn[0], minlength=5) / 20_000
    wanted = logits[0, 0].softmax(dim=0)
    assert ((share - wanted).abs() <= 4 * (wanted * (1 - wanted) / 20_000).sqrt()).all()


def test_noise_never_makes_the_infeasible_feasible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if the random numbers are exactly 0, as one in 2^24 may be, an infeasible place is not chosen."""
    monkeypatch.setattr(torch.Tensor, "exponential_", lambda self, generator: self.zero_())
    logits = torch.tensor([[[-torch.inf, 1.0, -torch.inf, 0.5]]])
    assert (logits + rollouts.gumbel(torch.empty_like(logits), torch.Generator())).argmax().item() == 1


@pytest.mark.parametrize(("drawn", "place"), [(0.0, 1), (1.0, 3)])
def test_extreme_draws_are_feasible(monkeypatch: pytest.MonkeyPatch, drawn: float, place: int) -> None:
    """The least and the largest random number choose the first and the last feasible place."""
    monkeypatch.setattr(torch, "rand", lambda shape, **kwargs: torch.full(shape, drawn))
    logits = torch.tensor([[[-torch.inf, 1.0, -torch.inf, 0.5, -torch.inf]]])
    assert rollouts.Sampler(torch.Generator())(logits).item() == place


def test_starts() -> None:
    """Each eligible place once before any twice; a stop that fits no vehicle and a depot are none."""
    problems = [
        vrp.Problem.from_arrays(coords=np.random.default_rng(0).random((5, 2)), demand=[1, 99, 1, 9], capacity=10),
        tour(np.random.default_rng(1), 3),
    ]
    batch = env.encode(problems)
    assert rollouts.starts(batch, 4).tolist() == [[1, 3, 4, 1], [0, 1, 2, 3]]
    drawn = [rollouts.starts(batch, 4, torch.Generator().manual_seed(s)) for s in range(20)]
    assert len({tuple(d[1].tolist()) for d in drawn}) > 5
    for d in drawn:
        assert set(d[0, :3].tolist()) == {1, 3, 4}
        assert sorted(d[1].tolist()) == [0, 1, 2, 3]


def test_nothing_to_choose(policy: POMO, either_way: None) -> None:
    """One stop; all at one point; no stop that fits: plans without a crash."""
    one = vrp.Problem.from_arrays(coords=[[0, 0], [3, 4]], demand=[1], capacity=1)
    point = vrp.Problem.from_arrays(coords=np.ones((4, 2)), demand=[5, 5, 5], capacity=9)
    heavy = vrp.Problem.from_arrays(coords=np.eye(3, 2), demand=[50, 50], capacity=9)
    assert greedy_costs(policy, [one, point]) == pytest.approx([10.0, 0.0])
    for problem in (one, heavy):
        home, choices, cost = decoding.best_of(policy, env.encode([problem]))
        routes = env.decode(problem, home[0], choices[0])
        assert len(routes) == (problem is one)
        assert float(cost) == (pytest.approx(2.0 * 1.25) if problem is one else 0.0)


def test_replay_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch, general: None) -> None:
    """Log-probabilities and gradients do not depend on how many queries are asked at once."""
    batch, policy = env.encode(mixed(3)), seeded(Shape(width=16, heads=2, hidden=16, layers=1), seed=1)
    first, sample = rollouts.starts(batch, 5), rollouts.Sampler(torch.Generator().manual_seed(0))
    walks = rollouts.rollout(policy, policy.encode(batch).detached(), batch, first, sample)

    def asked(cached: int) -> list[torch.Tensor]:
        monkeypatch.setattr(rollouts, "CACHED", cached)
        policy.zero_grad()
        found = rollouts.replay(policy, policy.encode(batch), batch, walks).log
        found.sum().backward()
        return [found.detach(), *(p.grad for p in policy.parameters() if p.grad is not None)]

    whole = asked(2**30)
    for one, other in zip(whole, asked(100), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_heads_divide_the_width() -> None:
    """Else the network is not made."""
    with pytest.raises(OptionError, match="width 16 cannot have 3 heads"):
        POMO(Shape(width=16, heads=3))
