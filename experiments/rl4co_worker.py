"""Times rollouts and training steps of one package, a line of JSON at a time; started by compare_rl4co.py.

It imports RL4CO only where that is asked for, so that either interpreter needs one of the two packages.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import torch

Step = Callable[[], object]


def ours(n: int, layers: int, starts: int, batch: int) -> tuple[Step, Step]:
    """Return a rollout and a training step of `vrp.solvers.policy.pomo`."""
    from vrp.solvers.policy import env
    from vrp.solvers.policy.pomo import Shape, seeded
    from vrp.solvers.policy.rollout import Sampler, explore, rollout
    from vrp.solvers.policy.rollout import starts as first_choices
    from vrp.solvers.training.data import generated
    from vrp.solvers.training.losses import reinforce

    policy = seeded(Shape(layers=layers), seed=1)
    optimizer = torch.optim.Adam(policy.parameters(), lr=1e-4, fused=True)
    random = torch.Generator().manual_seed(1)

    def rolled() -> None:
        with torch.no_grad():
            made = generated("uniform", batch, n, random)
            first = first_choices(made, starts, random)
            rollout(policy, policy.encode(made), made, first, Sampler(random), record=False)

    def trained() -> None:
        made = generated("uniform", batch, n, random)
        memory = policy.encode(made)
        first = first_choices(made, starts, random)
        walks, replayed = explore(policy, memory, made, first, random)
        cost = env.cost(made, walks.home, walks.choices)
        learn(optimizer, reinforce(cost, replayed.log.sum(dim=2), replayed.free.sum(dim=2)))

    return rolled, trained


def theirs(n: int, layers: int, starts: int, batch: int) -> tuple[Step, Step]:
    """Return the same of RL4CO's POMO, without trainer and loader; its feed-forward parts have 3 % fewer weights."""
    from rl4co.envs import CVRPEnv
    from rl4co.models import POMO

    env = CVRPEnv(generator_params={"num_loc": n}, check_solution=False)
    model = POMO(env, policy_kwargs={"num_encoder_layers": layers}, num_starts=starts)
    model.log_metrics = lambda *arguments, **named: {}
    optimizer = torch.optim.Adam(model.policy.parameters(), lr=1e-4, fused=True)
    torch.manual_seed(1)

    def rolled() -> None:
        with torch.no_grad():
            state = env.reset(env.generator(batch))
            model.policy(state, env, phase="train", num_starts=starts)

    def trained() -> None:
        learn(optimizer, model.shared_step(env.generator(batch), 0, "train")["loss"])

    return rolled, trained


def learn(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """Follow the gradient of a loss, clipped."""
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
    optimizer.step()


def seconds(step: Step) -> float:
    """Return the processor seconds of a step: its wall seconds where nothing else uses the core."""
    began = time.process_time()
    step()
    return time.process_time() - began


def main() -> None:
    """Answer each line on stdin, a case, by the seconds of one rollout and of one training step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", choices=("ours", "rl4co"), required=True)
    parser.add_argument("--core", type=int, required=True)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {given.core})
    torch.set_num_threads(1)
    # Packages that print must not spoil the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    case: dict[str, Any] = {}
    steps: tuple[Step, Step] | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        if steps is None or asked != case:
            case, steps = asked, (ours if given.package == "ours" else theirs)(**asked)
        rolled, trained = map(seconds, steps)
        answers.write(json.dumps({"rollout": rolled, "training": trained, "torch": torch.__version__}) + "\n")


if __name__ == "__main__":
    main()
