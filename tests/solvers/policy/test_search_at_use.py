"""Beam search and active search, on a policy that has not learned anything."""

import numpy as np
import pytest

from tests.solvers.policy.conftest import cvrp, tour

torch = pytest.importorskip("torch")

from vrp.solvers.policy import env  # noqa: E402
from vrp.solvers.policy.active import active_search  # noqa: E402
from vrp.solvers.policy.beam import beam_search  # noqa: E402
from vrp.solvers.policy.decoding import best_of  # noqa: E402
from vrp.solvers.policy.pomo import POMO, Shape, seeded  # noqa: E402


def near(seed: int) -> POMO:
    policy = seeded(Shape(width=32, heads=4, hidden=32, layers=1), seed)
    with torch.no_grad():
        policy.pointer.nearness.fill_(0.2)
    return policy


def batch() -> env.Instances:
    rng = np.random.default_rng(1)
    return env.encode([cvrp(rng, 6), tour(rng, 6), cvrp(rng, 12), tour(rng, 12), cvrp(rng, 1)])


def stated(problems: env.Instances, home: torch.Tensor, choices: torch.Tensor) -> torch.Tensor:
    return env.cost(problems, home[:, None], choices[:, None])[:, 0]


def test_beam_search_is_never_worse_than_its_start() -> None:
    """It keeps the best of all simulations, the first of which is greedy multi-start; wider finds better plans."""
    problems, policy = batch(), near(2)
    greedy = best_of(policy, problems)[2]
    home, choices, narrow = beam_search(policy, problems, width=2, branches=2)
    assert torch.allclose(stated(problems, home, choices), narrow)
    assert (narrow <= greedy + 1e-6).all()
    assert float(narrow.sum()) < float(greedy.sum())
    assert float(beam_search(policy, problems, width=8, branches=4)[2].sum()) < float(narrow.sum())


def test_unlimited_beam_is_exhaustive() -> None:
    """With room for every continuation it finds the best plan of a tiny problem, as brute force does."""
    from tests.solvers.policy.test_env import every_plan
    from vrp.check import evaluate
    from vrp.solution import Route

    for seed in range(3):
        problem = cvrp(np.random.default_rng(seed), 4, capacity=11.0)
        best = min(evaluate(problem, [Route(0, 0, 0, r) for r in plan]).cost for plan in every_plan(problem))
        home, choices, _ = beam_search(near(3), env.encode([problem]), width=1000, branches=5)
        assert evaluate(problem, env.decode(problem, home[0], choices[0])).cost == pytest.approx(best)


def test_active_search_learns_on_the_problem() -> None:
    """Its rollouts become shorter on every problem, the network itself stays as it was, and the seed decides."""
    problems, policy = batch(), near(4)
    before = {key: value.clone() for key, value in policy.state_dict().items()}

    def run(rounds: int) -> torch.Tensor:
        found = active_search(policy, problems, 12, torch.Generator().manual_seed(0))
        costs = []
        for _ in range(rounds):
            home, choices, cost = next(found)
            assert torch.allclose(stated(problems, home, choices), cost)
            costs.append(cost)
        return torch.stack(costs)

    costs = run(40)
    early, late = costs[:5].mean(dim=0), costs[-5:].mean(dim=0)
    assert (late[2:4] < 0.98 * early[2:4]).all()
    assert (late <= early + 1e-6).all()
    assert all(torch.equal(value, before[key]) for key, value in policy.state_dict().items())
    assert torch.equal(run(3), costs[:3])
