"""Fitting a schedule: cases can be made again, their windows can be kept, and the fit finds what was put in."""

import math

import numpy as np
import pytest

pytest.importorskip("torch")


def test_a_case_is_the_same_each_time() -> None:
    """The number alone makes problem, deadline and factors; these stay in their box, and the rule is among them."""
    from schedule_runs import DEADLINES, NEAR, SIZES, case, problem_of

    low, high = np.array(list(NEAR.values())).T
    for number in range(20):
        one, other = case(number), case(number)
        assert one[:5] == other[:5]
        assert (one.factors == other.factors).all()
        assert (problem_of(one).coords == problem_of(other).coords).all()
        assert SIZES[0] <= one.n <= SIZES[1]
        assert DEADLINES[0] <= one.deadline <= DEADLINES[1]
        assert (one.factors == 1.0).all(axis=1).sum() == 1
        assert ((one.factors >= low) & (one.factors <= high)).all()


def test_every_stop_can_be_served_alone() -> None:
    """A vehicle that leaves in time meets each window and is back before the horizon."""
    from schedule_runs import case, problem_of

    from vrp.check import check, evaluate
    from vrp.solution import Route

    timed = [c for c in map(case, range(40)) if c.timed and c.n < 300]
    assert timed
    for c in timed:
        problem = problem_of(c)
        alone = evaluate(problem, [Route(0, 0, 0, (i,)) for i in range(1, c.n + 1)])
        assert not check(problem, alone), c


def test_the_fit_finds_a_planted_optimum() -> None:
    """Costs that are least at half the heat and twice the neighbours, whatever the problem, are taken for that."""
    from fit_schedule import Runs, candidates, choose, fit

    random = np.random.default_rng(0)
    cases = []
    for _ in range(60):
        stated = np.array(
            [random.integers(2), random.uniform(-5, 2), random.uniform(-2, 3), random.uniform(-1, 1), 0.5]
        )
        factors = np.vstack([np.zeros(4), random.uniform(-2, 2, (8, 4))])
        best = np.array([-1.0, 0.0, 0.4, 0.0])
        cost = 700.0 + ((factors - best) ** 2).sum(axis=1) + random.normal(0, 0.3, 9)
        cases.append(Runs(stated, factors, cost))
    members = fit(cases)
    assert members.shape == (8, 14, 11)
    chosen, predicted = choose(members, cases[0].stated, candidates())
    assert chosen.tolist() == [-1.0, 0.0, 0.4, 0.0]
    assert predicted == pytest.approx(-1.16, abs=0.4)


def test_where_the_members_disagree_the_rule_stays() -> None:
    """A gain that half of the ensemble takes for a loss is none."""
    from fit_schedule import candidates, choose

    one = np.random.default_rng(0).normal(size=(14, 11))
    stated = np.array([0.0, 0.0, 1.0, 0.0, 1.0])
    chosen, predicted = choose(np.array([one, one]), stated, candidates())
    assert chosen.any()
    assert predicted < 0.0
    chosen, predicted = choose(np.array([one, -one]), stated, candidates())
    assert not chosen.any()
    assert predicted == 0.0


def test_summary_averages_seeds_before_instances() -> None:
    """An instance with two seeds counts once, a plan with stops left out not at all."""
    from prove_schedule import summary

    def row(instance: str, seed: int, way: str, cost: float, unserved: int = 0) -> dict[str, str]:
        same = {"set": "x", "n": "100", "timed": "0", "deadline": "0.1"}
        return same | {
            "instance": instance,
            "seed": str(seed),
            "way": way,
            "cost": str(cost),
            "unserved": str(unserved),
        }

    rows = [row("a", seed, "rule", 100.0) for seed in (0, 1)]
    rows += [row("a", 0, "model", 100 * math.exp(0.01)), row("a", 1, "model", 100 * math.exp(0.03))]
    rows += [row("b", 0, "rule", 100.0), row("b", 0, "model", 100 * math.exp(-0.04))]
    rows += [row("c", 0, "rule", 100.0), row("c", 0, "model", 50.0, unserved=1)]
    assert "| model | x | plain | all | 2 | -1.000 +- 38.119 | 1 | 1 |" in summary(rows, ["rule", "model"])
