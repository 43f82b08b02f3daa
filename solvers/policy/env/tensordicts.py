"""The environment on `TensorDict`s, for code that speaks them: one dict holds the instances and what was decided.

The package itself steps on plain tuples of tensors, which a CUDA graph can hold and which cost nothing to make.
"""

from tensordict import TensorDict
from torch import Tensor

from vrp.solvers.policy.env import rules
from vrp.solvers.policy.env.instances import NAMES, Instances
from vrp.solvers.policy.env.rules import State


def reset(batch: Instances, first: Tensor) -> TensorDict:
    """Return the state after first choices [B, S] (see `rules.begin`), with the instances and what is feasible."""
    return _packed(batch, rules.begin(batch, first))


def step(state: TensorDict) -> TensorDict:
    """Return the state after the choices [B, S] under "action"."""
    batch, before = _unpacked(state)
    return _packed(batch, rules.step(batch, before, state["action"]))


def _packed(batch: Instances, state: State) -> TensorDict:
    """Put everything into one dict; "action_mask" is True where a place may be chosen, "done" where all is."""
    mask = rules.feasible(batch, state)
    problem = {name: getattr(batch, name) for name in NAMES} | {"more": dict(batch.more)}
    decided = state._asdict() | {"action_mask": mask, "done": rules.done(batch, state)}
    return TensorDict({"problem": problem, **decided}, batch_size=[batch.size])


def _unpacked(state: TensorDict) -> tuple[Instances, State]:
    problem = state["problem"]
    batch = Instances(**{name: problem[name] for name in NAMES}, more=dict(problem["more"].items()))
    return batch, State(**{name: state[name] for name in State._fields})
