"""Attributes of one's own: what the rules, the costs and the network make of them."""

import pytest

from vrp.errors import OptionError, UnsupportedError

torch = pytest.importorskip("torch")

from vrp.data.uniform import uniform  # noqa: E402
from vrp.solvers.policy import decoding, env, load, save_pretrained  # noqa: E402
from vrp.solvers.policy.env import Attribute, Instances, State, instances, padded, stacked  # noqa: E402
from vrp.solvers.policy.pomo import POMO, Shape, seeded  # noqa: E402
from vrp.solvers.policy.rollout import Sampler, rollout, starts  # noqa: E402
from vrp.solvers.policy.weights import Trained  # noqa: E402

SMALL = Shape(width=16, heads=2, hidden=16, layers=1, attributes=("urgent",))


def urgent_first(batch: Instances, state: State, urgent: torch.Tensor) -> torch.Tensor:
    relaxed = (state.at != state.home) & (urgent.gather(1, state.at) == 0)
    return ~(relaxed[..., None] & (urgent[:, None] > 0))


def waits(batch: Instances, home: torch.Tensor, choices: torch.Tensor, urgent: torch.Tensor) -> torch.Tensor:
    place = torch.arange(choices.shape[2], dtype=torch.float32)
    values = urgent[:, None].expand(-1, choices.shape[1], -1).gather(2, choices)
    return (place * values).sum(dim=2)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(env.ATTRIBUTES, "urgent", Attribute(allows=urgent_first))
    monkeypatch.setitem(env.ATTRIBUTES, "fragile", Attribute(price=waits))
    monkeypatch.setitem(env.ATTRIBUTES, "seen", Attribute())


def batch_with(*names: str, n: int = 12, count: int = 6, seed: int = 0) -> Instances:
    random = torch.Generator().manual_seed(seed)
    fields = uniform(count, n, random)
    urgent = (fields["demand"] > 5).float()
    return instances(**fields, **dict.fromkeys(names, urgent))


def test_a_rule_forbids() -> None:
    """All stops are served, urgent ones first on every route; without the rule they are not first."""
    policy, batch = seeded(SMALL, 1), batch_with("urgent")
    random = torch.Generator().manual_seed(3)
    walks = rollout(policy, policy.encode(batch), batch, starts(batch, 12), Sampler(random))
    assert not decoding.unserved(batch, walks.home, walks.choices).any()
    walk = walks.choices
    urgent = batch.more["urgent"][:, None].expand(-1, 12, -1).gather(2, walk) > 0
    relaxed_before = (walk[..., :-1] != 0) & ~urgent[..., :-1]
    assert not (relaxed_before & urgent[..., 1:]).any()
    free = rollout(policy, policy.encode(batch), batch_with(), starts(batch, 12), Sampler(random)).choices
    urgent = batch.more["urgent"][:, None].expand(-1, 12, -1).gather(2, free) > 0
    assert ((free[..., :-1] != 0) & ~urgent[..., :-1] & urgent[..., 1:]).any()


def test_a_price_is_added() -> None:
    """The cost is the length plus the price of the walk."""
    batch, plain = batch_with("fragile"), batch_with()
    home, choices = torch.zeros(6, 1, dtype=torch.int64), torch.arange(1, 13).expand(6, 1, -1)
    more = env.cost(batch, home, choices) - env.cost(plain, home, choices)
    assert torch.allclose(more, waits(batch, home, choices, batch.more["fragile"]), atol=1e-4)
    assert (more > 0).all()


def test_the_network_sees_it() -> None:
    """Logits change with the values; a batch that lacks the attribute counts as all 0."""
    policy = seeded(SMALL, 1)
    none = batch_with("urgent").each(lambda tensor: tensor)
    none = instances(none.coords, none.demand, none.capacity, urgent=torch.zeros_like(none.demand))
    with torch.no_grad():
        assert torch.equal(policy.encode(none).target, policy.encode(batch_with()).target)
        assert not torch.equal(policy.encode(batch_with("urgent")).target, policy.encode(batch_with()).target)


def test_attributes_travel_with_the_batch() -> None:
    """Rows, repeats, padding and stacking keep them; where a part has none, they are 0."""
    batch = batch_with("seen")
    assert torch.equal(batch.take(slice(2, 4)).more["seen"], batch.more["seen"][2:4])
    assert torch.equal(decoding.symmetric(batch, 8).more["seen"], batch.more["seen"].repeat_interleave(8, dim=0))
    assert not padded(batch, 20).more["seen"][:, 13:].any()
    both = stacked([batch, batch_with(n=15)])
    assert torch.equal(both.more["seen"][:6, :13], batch.more["seen"])
    assert not both.more["seen"][6:].any()
    assert len(both.tensors()) == 7


def test_tensordicts_carry_them() -> None:
    """The same mask through the dicts."""
    pytest.importorskip("tensordict")
    from vrp.solvers.policy.env import tensordicts

    batch = batch_with("urgent")
    state = tensordicts.reset(batch, starts(batch, 3))
    assert torch.equal(state["action_mask"], env.feasible(batch, env.begin(batch, starts(batch, 3))))
    state["action"] = state["action_mask"].int().argmax(dim=2)
    after = tensordicts.step(state)
    want = env.feasible(batch, env.step(batch, env.begin(batch, starts(batch, 3)), state["action"]))
    assert torch.equal(after["action_mask"], want)


def test_what_is_not_known_is_named() -> None:
    """An attribute that is none, and one that the network was not made for."""
    with pytest.raises(OptionError, match="no attribute 'urgnt'"):
        batch_with("urgnt")
    with pytest.raises(UnsupportedError, match="attributes seen, but the network is made for urgent"):
        seeded(SMALL, 1).encode(batch_with("seen"))


def test_weights_remember_them(tmp_path) -> None:
    """A saved model has its attributes back, and one that was saved before there were any still loads."""
    save_pretrained(Trained(seeded(SMALL, 1), "cvrp", (5, 20), {}), tmp_path)
    assert load(tmp_path).policy.shape == SMALL
    assert isinstance(load("cvrp").policy, POMO)
    assert load("cvrp").policy.shape.attributes == ()
