"""The environment: the rules of `Problem` as batched tensors, property-tested against `vrp.check`."""

from vrp.solvers.policy.env.attributes import ATTRIBUTES as ATTRIBUTES
from vrp.solvers.policy.env.attributes import Attribute as Attribute
from vrp.solvers.policy.env.instances import Instances as Instances
from vrp.solvers.policy.env.instances import instances as instances
from vrp.solvers.policy.env.instances import padded as padded
from vrp.solvers.policy.env.instances import stacked as stacked
from vrp.solvers.policy.env.problems import decode as decode
from vrp.solvers.policy.env.problems import encode as encode
from vrp.solvers.policy.env.problems import is_tour as is_tour
from vrp.solvers.policy.env.problems import unsupported as unsupported
from vrp.solvers.policy.env.rules import State as State
from vrp.solvers.policy.env.rules import begin as begin
from vrp.solvers.policy.env.rules import context as context
from vrp.solvers.policy.env.rules import cost as cost
from vrp.solvers.policy.env.rules import distances as distances
from vrp.solvers.policy.env.rules import done as done
from vrp.solvers.policy.env.rules import feasible as feasible
from vrp.solvers.policy.env.rules import reset as reset
from vrp.solvers.policy.env.rules import step as step
