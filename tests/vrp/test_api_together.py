"""`solve_many` with a solver that takes batches: same answers, in order, streamed, errors in their places."""

from collections.abc import Sequence

import numpy as np
import pytest

import vrp
from vrp.deadline import Deadline
from vrp.errors import OptionError, UnsupportedError, VrpError
from vrp.together import WINDOW


@pytest.fixture
def batching(stand_in):
    """A solver that plans whole batches, of at most five problems with as many stops."""

    def batches(self, problems: Sequence[vrp.Problem]) -> list[list[int]]:
        by_size: dict[int, list[int]] = {}
        for i, problem in enumerate(problems):
            by_size.setdefault(problem.num_clients, []).append(i)
        return [same[at : at + 5] for same in by_size.values() for at in range(0, len(same), 5)]

    def solve_together(self, problems: Sequence[vrp.Problem], deadline: Deadline, rng) -> list[vrp.Solution]:
        stand_in.seen.append((len(problems), deadline.time_limit))
        return [self.plan(problem) for problem in problems]

    stand_in.seen = []
    stand_in.batches, stand_in.solve_together = batches, solve_together
    return stand_in


def line(n: int) -> vrp.Problem:
    return vrp.Problem.from_arrays(coords=[[float(i), 0.0] for i in range(n + 1)], demand=[1.0] * n, capacity=1.0)


def test_results_in_order_and_streamed(batching) -> None:
    """Each result belongs to its problem and is what `solve` gives; batches hold one size; all are handed out once."""
    sizes = [3, 4, 3, 3, 4, 3, 3, 3]
    told = []
    results = vrp.solve_many(
        [line(n) for n in sizes], solver="stand-in", time_limit=2, on_result=lambda i, r: told.append((i, r))
    )
    assert [r.problem.num_clients for r in results] == sizes
    assert [r.cost for r in results] == [n * (n + 1) for n in sizes]
    assert sorted(batching.seen) == [(1, 2.0), (2, 4.0), (5, 10.0)]
    assert sorted(i for i, _ in told) == list(range(8))
    assert all(results[i] is r for i, r in told)
    assert all(r.stats.solver == "stand-in" for r in results)


def test_errors_take_their_places(batching) -> None:
    """What is no problem, and what the solver cannot honour, leaves the others alone."""
    results = vrp.solve_many([line(2), "no problem", line(2)], solver="stand-in")
    assert [type(r) for r in (results[0], results[2])] == [vrp.Solution] * 2
    assert isinstance(results[1], VrpError)
    batching.lacks = ["everything"]
    assert all(isinstance(r, UnsupportedError) for r in vrp.solve_many([line(2)] * 2, solver="stand-in"))


def test_memory_is_bounded(batching) -> None:
    """An iterator is read no further ahead than a window."""
    problem, read, ahead = line(1), [0], []

    def source():
        for _ in range(WINDOW + 10):
            read[0] += 1
            yield problem

    done = [0]

    def count(index: int, result: object) -> None:
        done[0] += 1
        ahead.append(read[0] - done[0])

    assert len(vrp.solve_many(source(), solver="stand-in", on_result=count)) == WINDOW + 10
    assert max(ahead) < WINDOW


def test_ctrl_c_keeps_what_is_done(batching) -> None:
    """The results before it stay, the others say that they were not started."""

    def interrupt(index: int, result: object) -> None:
        if index == 4:
            raise KeyboardInterrupt

    results = vrp.solve_many([line(2)] * 12, solver="stand-in", on_result=interrupt)
    assert [isinstance(r, vrp.Solution) for r in results] == [True] * 5 + [False] * 7
    assert "not started" in str(results[-1])


def test_policy_answers_alone_as_together(tmp_path) -> None:
    """Sixty problems of many sizes and both kinds cost in batches what they cost one by one."""
    torch = pytest.importorskip("torch")
    from vrp.solvers.policy.pomo import Shape, seeded
    from vrp.solvers.policy.weights import Trained, save_pretrained

    policy = seeded(Shape(width=16, heads=2, hidden=16, layers=1), seed=0)
    with torch.no_grad():
        policy.pointer.nearness.fill_(0.3)
    save_pretrained(Trained(policy, "cvrp", (5, 20), {}), tmp_path)
    rng = np.random.default_rng(0)
    problems = [
        vrp.Problem.from_arrays(coords=rng.random((n + 1, 2)), demand=rng.integers(1, 10, n), capacity=15)
        for n in rng.integers(5, 30, 60)
    ]
    tour = vrp.Problem.from_arrays(coords=rng.random((9, 2)))
    options = {"weights": str(tmp_path), "augment": 2}
    together = vrp.solve_many([*problems, tour], solver="policy", options=options, time_limit=60)
    assert isinstance(together[-1], UnsupportedError)
    for problem, plan in zip(problems, together[:-1], strict=True):
        assert vrp.check(problem, plan) == []
        alone = vrp.solve(problem, solver="policy", options=options, time_limit=60)
        assert plan.cost == pytest.approx(alone.cost, rel=1e-6)


def test_device() -> None:
    """It is an option of the policy, given once; no other solver has it."""
    pytest.importorskip("torch")
    problems = [vrp.Problem.from_arrays(coords=np.random.default_rng(i).random((5, 2))) for i in range(2)]
    plans = vrp.solve_many(problems, solver="policy", device="auto", time_limit=60)
    for problem, plan in zip(problems, plans, strict=True):
        assert vrp.check(problem, plan) == []
    for told, arguments in (
        ("Did you mean 'cpu'", {"solver": "policy", "device": "gpu"}),
        ("given twice", {"solver": "policy", "device": "cpu", "options": {"device": "cpu"}}),
        ("no option 'device'", {"solver": "search", "device": "cpu"}),
        ("takes none", {"device": "cpu"}),
        ("`options`", {"solver": "policy", "device": "cpu", "options": ["device"]}),
    ):
        with pytest.raises(OptionError, match=told):
            vrp.solve_many(problems, **arguments)
        with pytest.raises(OptionError, match=told):
            vrp.solve(problems[0], **arguments)
