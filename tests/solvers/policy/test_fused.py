"""The compiled kernels against the general way: environment, network and autograd of torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vrp
from tests.solvers.policy.conftest import cvrp, tour

torch = pytest.importorskip("torch")

from vrp.solvers.policy import env, fused, load  # noqa: E402
from vrp.solvers.policy.pomo import NETWORKS, POMO, Shape, seeded  # noqa: E402
from vrp.solvers.policy.rollout import Rollout, Sampler, explore, follow, greedy, query, replay, rollout, starts  # noqa: E402
from vrp.solvers.search import jit  # noqa: E402


def lively(shape: Shape, seed: int = 1) -> POMO:
    """A network whose choices are far from alike."""
    policy = seeded(shape, seed)
    with torch.no_grad():
        policy.pointer.nearness.fill_(0.2)
        for weight in policy.parameters():
            weight.mul_(1.5)
    return policy


def few(rng: np.random.Generator, n: int, vehicles: int) -> vrp.Problem:
    """A random problem with so many vehicles."""
    coords, demand = rng.random((n + 1, 2)), rng.integers(1, 10, n)
    return vrp.Problem.from_arrays(coords=coords, demand=demand, vehicles=vrp.VehicleType(count=vehicles, capacity=20))


def generally(walks: object) -> object:
    """Call with the kernels turned off."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "suits", lambda *_: False)
        return walks()


def asked(policy: POMO, batch: env.Instances, walks: Rollout, pull: torch.Tensor) -> list[torch.Tensor]:
    """Log-probabilities and the gradients of their sum times `pull`."""
    found = replay(policy, policy.encode(batch), batch, walks)
    weights = list(policy.parameters())
    total = (found.log * pull).sum() + 0 * sum(weight.sum() for weight in weights)  # Also where no choice is free.
    return [found.log.detach(), found.free, *torch.autograd.grad(total, weights)]


@pytest.mark.parametrize("shape", [Shape(width=24, heads=3, hidden=16, layers=1), Shape(width=8, heads=1, layers=1)])
@settings(max_examples=25)
@given(seed=st.integers(0, 2**31), sizes=st.lists(st.integers(1, 14), min_size=1, max_size=5))
def test_answers_and_gradients(shape: Shape, seed: int, sizes: list[int]) -> None:
    """Of mixed sizes, tours and vehicles, and fleets that leave stops out: what torch says of the same walks."""
    rng = np.random.default_rng(seed)
    problems = [tour(rng, n) if rng.random() < 0.3 else few(rng, n, int(rng.integers(1, 9))) for n in sizes]
    batch, policy = env.encode(problems), lively(shape)
    random = torch.Generator().manual_seed(seed)
    walks = rollout(policy, policy.encode(batch), batch, starts(batch, 4, random), Sampler(random))
    assert walks.asked is None
    pull = torch.randn(walks.choices[..., 1:].shape, generator=random)
    one = asked(policy, batch, walks, pull)
    other = generally(lambda: asked(policy, batch, walks, pull))
    assert torch.equal(one[1], other[1])
    for mine, theirs in zip(one, other, strict=True):
        assert torch.allclose(
            mine.float(), theirs.float(), rtol=2e-3, atol=1e-4 * float(theirs.float().abs().max()) + 1e-5
        )


def test_exploring_is_sampling_and_replaying() -> None:
    """One pass gives the walks, log-probabilities and gradients that two give."""
    rng = np.random.default_rng(5)
    batch, policy = (
        env.encode([cvrp(rng, 12), tour(rng, 9), few(rng, 15, 2)]),
        lively(Shape(width=16, heads=2, layers=1)),
    )
    first, random = starts(batch, 6), torch.Generator().manual_seed(7)
    walks, told = explore(policy, policy.encode(batch), batch, first, random.manual_seed(7))
    again = rollout(policy, policy.encode(batch), batch, first, Sampler(random.manual_seed(7)))
    assert torch.equal(walks.choices, again.choices)
    pull = torch.randn(told.log.shape, generator=random)
    one = [told.log, told.free, *torch.autograd.grad((told.log * pull).sum(), list(policy.parameters()))]
    for mine, theirs in zip(one, asked(policy, batch, walks, pull), strict=True):
        assert torch.equal(mine, theirs)


@settings(max_examples=10)
@given(seed=st.integers(0, 2**31))
def test_greedy_walks(seed: int) -> None:
    """Each choice is the likeliest that torch knows, but for ties of rounding; with a fleet that is too small too."""
    rng = np.random.default_rng(seed)
    batch = env.encode([cvrp(rng, 12), tour(rng, 9), few(rng, 15, 3)])
    policy = load("cvrp").policy
    memory, first = policy.encode(batch), starts(batch, 6)
    walks = rollout(policy, memory, batch, first, greedy)
    assert walks.asked is None
    state = env.begin(batch, first)
    for choice in walks.choices.unbind(2)[1:]:
        logits = policy(memory, query(batch, state))
        assert (logits.gather(2, choice[..., None])[..., 0] >= logits.amax(dim=2) - 1e-3).all()
        state = env.step(batch, state, choice)
    assert env.done(batch, state).all()


def test_drawn_by_the_probabilities() -> None:
    """Of 40,000 walks of three stops each comes up as often as its probability says, at any temperature."""
    batch = env.encode([cvrp(np.random.default_rng(4), 3, capacity=12.0)])
    policy = lively(Shape(width=16, heads=2, hidden=16, layers=1))
    number = 40_000
    for temperature in (1.0, 2.0):
        sample = Sampler(torch.Generator().manual_seed(0), temperature)
        walks = rollout(policy, policy.encode(batch), batch, torch.ones(1, number, dtype=torch.int64), sample)
        seen, count = walks.choices[0].unique(dim=0, return_counts=True)
        assert len(seen) > 3
        sharp = seeded(policy.shape, 1)
        sharp.load_state_dict(policy.state_dict())
        sharp.pointer.clip = policy.pointer.clip / temperature
        with torch.no_grad():
            sharp.pointer.nearness.div_(temperature)
            likely = replay(sharp, sharp.encode(batch), batch, follow(batch, seen[None])).log[0].sum(dim=1).exp()
        assert float(likely.sum()) == pytest.approx(1.0, abs=0.01)
        wrong = (count / number - likely).abs() - 4.5 * (likely * (1 - likely) / number).sqrt()
        assert (wrong <= 0).all(), (temperature, count / number, likely)


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks, answers and gradients are the same numbers, however many threads share the work."""
    rng = np.random.default_rng(3)
    batch, policy = env.encode([cvrp(rng, n) for n in (12, 7, 15)]), lively(Shape(width=16, heads=2, layers=1))

    def found(threads: int) -> list[torch.Tensor]:
        monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
        random = torch.Generator().manual_seed(2)
        walks = rollout(policy, policy.encode(batch), batch, starts(batch, 5), Sampler(random))
        return [walks.choices, *asked(policy, batch, walks, torch.ones(walks.choices[..., 1:].shape))]

    one = found(1)
    for threads in (2, 7):
        for mine, theirs in zip(one, found(threads), strict=True):
            assert torch.equal(mine, theirs), threads


def test_what_the_kernels_do_not_know_goes_the_general_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another `forward`, reduced precision, and a rule of an attribute: asked of torch, and so heeded."""
    batch = env.encode([cvrp(np.random.default_rng(0), 6)])
    plain = seeded(Shape(width=16, heads=2, layers=1), 1)
    assert fused.suits(plain, plain.encode(batch), batch)

    class Turned(POMO):
        name = "turned"

        def forward(self, memory: object, query: object) -> torch.Tensor:
            return -super().forward(memory, query).clamp(min=-1e9).masked_fill(~query.mask, torch.inf)

    monkeypatch.setitem(NETWORKS, Turned.name, Turned)
    turned = seeded(plain.shape, 1, Turned.name)
    walks = [rollout(p, p.encode(batch), batch, starts(batch, 6), greedy).choices for p in (plain, turned)]
    assert walks[0].shape != walks[1].shape or not torch.equal(*walks)
    with monkeypatch.context() as patch:
        patch.setattr(jit.config, "DISABLE_JIT", 1)
        assert not fused.suits(plain, plain.encode(batch), batch)
    with torch.autocast("cpu", torch.bfloat16):
        assert not fused.suits(plain, plain.encode(batch), batch)
    barred = env.ATTRIBUTES | {"barred": env.Attribute(allows=lambda b, s, v: (v == 0)[:, None])}
    monkeypatch.setattr(fused, "ATTRIBUTES", barred)
    more = env.instances(batch.coords, batch.demand, batch.capacity)
    object.__setattr__(more, "more", {"barred": torch.zeros(1, batch.places)})
    assert not fused.suits(plain, plain.encode(batch), more)


def test_given_choices_are_not_trusted() -> None:
    """A place that there is not is an error; one that is not feasible has no chance, as torch says, and no gradient."""
    batch, policy = env.encode([cvrp(np.random.default_rng(0), 6)]), lively(Shape(width=16, heads=2, layers=1))
    walks = rollout(policy, policy.encode(batch), batch, starts(batch, 3), greedy)
    for place in (-1, batch.places, 5_000_000):
        wrong = walks.choices.clone()
        wrong[0, 1, 2] = place
        with pytest.raises(ValueError, match=f"must be places from 0 to {batch.places - 1}"):
            replay(policy, policy.encode(batch), batch, follow(batch, wrong))
    again = walks.choices.clone()
    again[0, 1, 1] = again[0, 1, 0]  # The stop where the vehicle is, which is served.
    told = replay(policy, policy.encode(batch), batch, follow(batch, again)).log
    assert told[0, 1, 0] == -torch.inf
    for row in (0, 2):
        plain = generally(lambda: replay(policy, policy.encode(batch), batch, follow(batch, again)).log)
        assert torch.allclose(told[0, row], plain[0, row], atol=1e-4)
    told[0, 1, :1].sum().backward()
    assert all(weight.grad is None or not bool(weight.grad.any()) for weight in policy.parameters())


def test_other_samplers_and_hooks_are_heeded() -> None:
    """What changes the choice or the answers changes the walks: a sampler of one's own, and a hook."""
    batch, policy = env.encode([cvrp(np.random.default_rng(0), 9)]), lively(Shape(width=16, heads=2, layers=1))

    class Last(Sampler):
        def __call__(self, logits: torch.Tensor) -> torch.Tensor:
            return logits.masked_fill(logits > -torch.inf, 0.0).flip(2).argmax(dim=2).neg() + logits.shape[2] - 1

    last = rollout(policy, policy.encode(batch), batch, starts(batch, 1), Last(torch.Generator())).choices
    assert sorted(last[last > 0].tolist(), reverse=True)[0] == last[0, 0, 1] == 9
    memory = policy.encode(batch)
    assert fused.suits(policy, memory, batch)
    handle = policy.register_forward_hook(lambda module, given, logits: logits)
    assert not fused.suits(policy, memory, batch)
    handle.remove()
    with pytest.raises(vrp.VrpError, match="temperature"):
        Sampler(torch.Generator(), temperature=0.0)


def test_a_frozen_policy_is_warmed_up_too() -> None:
    """Active search learns in numbers of its own, also where no weight may change."""
    policy = seeded(Shape(width=16, heads=2, layers=1), 1).requires_grad_(False)
    fused._warm.clear()
    assert fused.warm_up(policy, learning=True) >= 0.0
    assert fused.warm_up(policy, learning=True) == 0.0


def test_active_search_compiles_before_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels that learning needs are made ready first, and training does the same."""
    asked = []
    monkeypatch.setattr(fused, "warm_up", lambda policy, learning=False: asked.append(learning) or 0.0)
    problem, options = cvrp(np.random.default_rng(1), 5), {"augment": 1}
    vrp.solve(problem, solver="policy", options=options | {"decode": "active_search", "rounds": 1})
    vrp.solve(problem, solver="policy", options=options)
    assert asked == [True, False]


def test_large_problem_takes_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tables of all pairs of places would not fit, the plans come the general way, and check."""
    monkeypatch.setattr(fused, "MOST_BYTES", 10_000)
    problem = cvrp(np.random.default_rng(1), 40)
    plan = vrp.solve(problem, solver="policy", options={"decode": "multistart", "augment": 1})
    assert not vrp.check(problem, plan)


def test_default_type_of_numbers() -> None:
    """What torch makes where nobody says otherwise does not change what kernels write to."""
    policy = lively(Shape(width=24, heads=3, hidden=16, layers=1))
    batch = env.encode([cvrp(np.random.default_rng(0), 8)])
    walks = follow(batch, torch.tensor([[[1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 0]]]))
    pull = torch.ones(1, 1, walks.choices.shape[2] - 1)
    want = asked(policy, batch, walks, pull)
    try:
        torch.set_default_dtype(torch.float64)
        found = asked(policy, batch, walks, pull)
    finally:
        torch.set_default_dtype(torch.float32)
    for mine, theirs in zip(found, want, strict=True):
        assert torch.equal(mine, theirs)
