"""Waves of a change: the far end first, stand-ins apart, one device before many."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.services.waves import waves


def test_few_devices_go_by_distance_alone() -> None:
    far = {"rt-1": 0, "sw-core": 1, "sw-b": 2, "sw-a": 2, "ap-1": 3}
    assert waves(far) == [["ap-1"], ["sw-a", "sw-b"], ["sw-core"], ["rt-1"]]
    assert waves(far, [{"sw-a", "sw-b"}]) == [["ap-1"], ["sw-a"], ["sw-b"], ["sw-core"], ["rt-1"]]
    assert waves({}) == []


def test_many_devices_begin_with_one_then_a_tenth() -> None:
    far = {f"ap-{n:02}": 3 for n in range(30)} | {"sw-1": 2, "sw-core": 1}
    assert [len(wave) for wave in waves(far)] == [1, 4, 25, 1, 1]
    assert [len(wave) for wave in waves({f"ap-{n}": 1 for n in range(10)})] == [10]
    assert [len(wave) for wave in waves({f"ap-{n}": 1 for n in range(500)})] == [1, 50, 449]


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_change_is_whole_ordered_and_never_cuts_both_of_a_group(chance: random.Random) -> None:
    names = [f"d{n}" for n in range(chance.randrange(1, 60))]
    far = {name: chance.randrange(5) for name in names}
    groups = [chance.sample(names, k=min(len(names), 3)) for _ in range(chance.randrange(4))]
    found = waves(far, groups)
    assert sorted(name for wave in found for name in wave) == sorted(names)
    order = [far[name] for wave in found for name in wave]
    assert order == sorted(order, reverse=True)
    assert all(len({far[name] for name in wave}) == 1 for wave in found)
    assert all(len(set(group) & set(wave)) <= 1 for group in groups for wave in found)
    if len(names) > 10:
        assert len(found[0]) == 1
        assert len(found[1]) <= -(-len(names) // 10)
    shuffled = list(far.items())
    chance.shuffle(shuffled)
    assert waves(dict(shuffled), reversed(groups)) == found
