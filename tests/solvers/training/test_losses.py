"""The losses against their definitions."""

import math

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from vrp.solvers.training.losses import LEAD, LOSSES, SHARPNESS, imitation, preference, reinforce  # noqa: E402

COST = torch.tensor([[3.0, 6.0, 4.0], [10.0, 10.0, 13.0]])
CHOICES = torch.full((2, 3), 4)


def gradient(name: str, cost: torch.Tensor = COST) -> torch.Tensor:
    likelihood = torch.tensor([[-2.0, -1.0, -3.0], [-4.0, -2.0, -2.0]], requires_grad=True)
    LOSSES[name](cost, likelihood, CHOICES).backward()
    assert likelihood.grad is not None
    return likelihood.grad


def test_reinforce_is_the_estimator_of_the_paper() -> None:
    """Its gradient is (cost - mean of the problem), up to one positive factor for the whole batch."""
    advantage = COST - COST.mean(dim=1, keepdim=True)
    ratio = gradient("reinforce") / advantage
    assert torch.allclose(ratio, ratio.flatten()[0].expand(2, 3))
    assert float(ratio.flatten()[0]) > 0


def test_reinforce_learns_from_differences_only() -> None:
    """Costs moved by a constant per problem, or in another unit, teach the same; equal costs teach nothing."""
    moved = COST + torch.tensor([[100.0], [-3.0]])
    assert torch.allclose(gradient("reinforce"), gradient("reinforce", moved), atol=1e-5)
    assert torch.allclose(gradient("reinforce"), gradient("reinforce", 7 * COST))
    assert not gradient("reinforce", torch.ones(2, 3)).any()


def test_preference_of_a_pair() -> None:
    """Of two rollouts it is -log sigmoid(alpha (better - worse)); of equal ones nothing."""
    likelihood = torch.tensor([[-2.0, -5.0]])
    expected = math.log(1 + math.exp(-SHARPNESS * (-5.0 - -2.0)))
    assert float(preference(torch.tensor([[9.0, 4.0]]), likelihood, CHOICES)) == pytest.approx(expected)
    assert float(preference(torch.tensor([[4.0, 4.0]]), likelihood, CHOICES)) == 0.0


def test_leader_counts_the_best_rollout_more() -> None:
    """Its gradient is that of `reinforce`; for one best rollout of each problem LEAD times as many as there are."""
    many = 20
    cost = COST.repeat(1, many)
    likelihood = torch.zeros_like(cost, requires_grad=True)
    gradients = []
    for name in ("leader", "reinforce"):
        loss = LOSSES[name](cost, likelihood, torch.full_like(cost, 4))
        gradients.append(torch.autograd.grad(loss, likelihood)[0])
    expected = torch.ones_like(cost)
    expected[:, 0] = LEAD * 3 * many
    assert torch.allclose(gradients[0] / gradients[1], expected)
    assert torch.equal(gradient("leader"), gradient("reinforce"))


@pytest.mark.parametrize("name", ["reinforce", "leader", "preference"])
def test_the_best_rollout_becomes_likelier(name: str) -> None:
    """Following the gradient raises the shortest rollout of each problem and lowers the longest."""
    found = gradient(name)
    assert (found.gather(1, COST.argmin(dim=1, keepdim=True)) < 0).all()
    assert (found.gather(1, COST.argmax(dim=1, keepdim=True)) > 0).all()


def test_imitation_is_cross_entropy_per_choice() -> None:
    """Whatever the costs: minus the log-probabilities over the number of choices."""
    likelihood = torch.tensor([[-2.0, -5.0]])
    assert float(imitation(torch.zeros(1, 2), likelihood, torch.tensor([[3, 4]]))) == pytest.approx(1.0)
    assert float(reinforce(torch.zeros(1, 2), likelihood, torch.tensor([[3, 4]]))) == 0.0
