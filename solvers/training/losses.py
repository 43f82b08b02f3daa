"""What a policy learns from its rollouts: from costs and log-probabilities to a number whose gradient is followed.

Each loss is a plain function, and one line in `LOSSES`.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From costs [B, S], log-probabilities of whole rollouts [B, S] and their numbers of choices [B, S] to a loss []."""


def reinforce(cost: Tensor, likelihood: Tensor, choices: Tensor) -> Tensor:
    """REINFORCE with the mean of a problem's rollouts as their baseline (POMO, equation 3 and the shared baseline).

    Deviation: advantages are divided by their standard deviation over the batch, so that problems of all sizes pull
    alike, and the sum over choices by their mean number, so that one limit on the gradient suits all sizes.
    """
    return (_advantage(cost) * likelihood).mean() / choices.float().mean().clamp(min=1.0)


def leader(cost: Tensor, likelihood: Tensor, choices: Tensor) -> Tensor:
    """REINFORCE in which the best rollout of each problem, the only one that is used, counts as `LEAD` times them all.

    After Wang et al., *Leader reward for POMO-based neural combinatorial optimization* (2024). Deviations: those of
    `reinforce`, and a factor that grows with the number of rollouts instead of one that is set in two phases.
    """
    best = torch.zeros_like(cost, dtype=torch.bool).scatter(1, cost.argmin(dim=1, keepdim=True), True)
    advantage = torch.where(best, max(1.0, LEAD * cost.shape[1]), 1.0) * _advantage(cost)
    return (advantage * likelihood).mean() / choices.float().mean().clamp(min=1.0)


LEAD = 0.25
"""Factor on the advantage of the best rollout, per rollout of its problem: 5 for 20 starts, 40 in eight symmetries."""


def _advantage(cost: Tensor) -> Tensor:
    advantage = cost - cost.mean(dim=1, keepdim=True)
    return advantage / advantage.square().mean().sqrt().clamp(min=1e-6)


def preference(cost: Tensor, likelihood: Tensor, choices: Tensor) -> Tensor:
    """Preference optimisation: of each two rollouts of a problem the shorter shall be the more likely one.

    Pan et al., *Preference optimization for combinatorial optimization problems* (ICML 2025, section 3), with the
    Bradley-Terry model; the log-probabilities are multiplied by `SHARPNESS` (their alpha). Pairs of equal cost say
    nothing and are left out.
    """
    better = (cost[:, :, None] < cost[:, None, :]).to(likelihood.dtype)
    margin = SHARPNESS * (likelihood[:, :, None] - likelihood[:, None, :])
    return -(better * functional.logsigmoid(margin)).sum() / better.sum().clamp(min=1.0)


SHARPNESS = 0.05
"""Their alpha, small as they advise where the starts already differ."""


def imitation(cost: Tensor, likelihood: Tensor, choices: Tensor) -> Tensor:
    """Cross-entropy of given plans, per choice."""
    return -likelihood.sum() / choices.sum().clamp(min=1)


LOSSES: dict[str, Loss] = {
    "reinforce": reinforce,
    "leader": leader,
    "preference": preference,
    "imitation": imitation,
}
