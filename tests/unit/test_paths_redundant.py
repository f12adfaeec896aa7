"""Parallel cables, rings and double uplinks: every trunk of all equally short ways has the VLAN."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.catalogue import Network
from provisioner.drivers.network import Host
from provisioner.errors import Conflict
from provisioner.services.paths import (
    ACCESS_POINTS,
    SWITCHES,
    Way,
    downstream,
    stand_ins,
    uplinks,
    way,
)
from provisioner.services.waves import waves
from provisioner.texts import render
from tests.unit.wifi_world import host

LINKS = [
    ("ap-1:eth0", "sw-floor-1:Gi1"),
    ("sw-floor-1:Gi23", "sw-dist-1:Gi1"),
    ("sw-floor-1:Gi24", "sw-dist-2:Gi1"),
    ("sw-dist-1:Gi24", "sw-core-1:Gi1"),
    ("sw-dist-2:Gi24", "sw-core-1:Gi2"),
    ("sw-dist-2:Gi23", "sw-core-1:Gi3"),
    ("sw-core-1:Gi24", "rt-1:ether1"),
]
"""A floor with two uplinks; one of the two is doubled further up."""


def campus(links: Sequence[tuple[str, str]] = LINKS) -> tuple[Network, dict[str, Host]]:
    names = {end.partition(":")[0] for link in links for end in link}
    return Network.model_validate({"links": links}), {name: host(name) for name in sorted(names)}


def the_way(links: Sequence[tuple[str, str]] = LINKS, start: str = "ap-1", **how: Any) -> Way:
    network, hosts = campus(links)
    return way(start, ACCESS_POINTS if start[:2] == "ap" else SWITCHES, network, hosts, **how)


def refused(links: Sequence[tuple[str, str]], start: str = "ap-1", **how: Any) -> str:
    with pytest.raises(Conflict) as caught:
        the_way(links, start, **how)
    assert caught.value.slug == "not-plannable"
    assert render(caught.value.what, "id") != render(caught.value.what, "en")
    return render(caught.value.what, "en")


def test_every_trunk_of_two_uplinks_and_of_parallel_cables_carries() -> None:
    found = the_way()
    assert [":".join(port) for port in found.trunks] == [
        "ap-1:eth0", "sw-floor-1:Gi1", "sw-floor-1:Gi23", "sw-floor-1:Gi24",
        "sw-dist-1:Gi1", "sw-dist-1:Gi24", "sw-dist-2:Gi1", "sw-dist-2:Gi23", "sw-dist-2:Gi24",
        "sw-core-1:Gi1", "sw-core-1:Gi2", "sw-core-1:Gi3", "sw-core-1:Gi24",
    ]  # fmt: skip
    assert found.passed()[-1] == "rt-1:ether1"
    assert found.redundant == ({"sw-dist-1", "sw-dist-2"},)
    assert [hop.switch for hop in found.hops] == ["sw-floor-1", "sw-dist-1", "sw-core-1"]
    assert found.ports("sw-dist-2") == ("Gi1", "Gi23", "Gi24")


def test_a_ring_is_two_ways_where_they_are_equally_long() -> None:
    ring = [
        ("ap-1:eth0", "sw-c:1"), ("sw-c:2", "sw-a:1"), ("sw-c:3", "sw-b:1"), ("sw-a:2", "sw-r:1"),
        ("sw-b:2", "sw-r:2"), ("sw-r:3", "rt-1:ether1"), ("ap-2:eth0", "sw-a:9"),
    ]  # fmt: skip
    assert set(the_way(ring).devices) == {"ap-1", "sw-c", "sw-a", "sw-b", "sw-r"}
    assert set(the_way(ring, "ap-2").devices) == {"ap-2", "sw-a", "sw-r"}
    odd = [*ring, ("sw-b:9", "sw-a:8")]
    network, hosts = campus(odd)
    assert stand_ins(["sw-a", "sw-b", "sw-r"], network, hosts) == ({"sw-a", "sw-b"},)
    assert uplinks(network, hosts)["sw-c"] == {"2", "3"}
    assert downstream(["sw-a"], network, hosts) == {"sw-a", "sw-c", "ap-1", "ap-2"}
    assert downstream(["sw-r"], network, hosts) >= {"sw-a", "sw-b", "ap-1"}
    assert downstream(["ap-1"], network, hosts) == {"ap-1"}


def test_what_cannot_be_decided_is_named() -> None:
    assert "eth0, eth1" in refused([*LINKS, ("ap-1:eth1", "sw-floor-1:Gi2")])
    two = [*LINKS, ("sw-core-1:Gi23", "rt-1:ether2")]
    assert the_way(two).routers == (("rt-1", "ether1"), ("rt-1", "ether2"))
    network, hosts = campus(two)
    driven = {**hosts, "rt-1": host("rt-1", platform="cisco_ios")}
    with pytest.raises(Conflict, match="ether1, ether2"):
        way("sw-core-1", SWITCHES, network, driven, change_router=True)
    network, hosts = campus()
    unknown = {**hosts, "rt-1": host("rt-1", platform="fritzbox")}
    assert way("ap-1", ACCESS_POINTS, network, unknown).router.device == "rt-1"
    with pytest.raises(Conflict, match="fritzbox"):
        way("ap-1", ACCESS_POINTS, network, unknown, change_router=True)


def test_a_second_way_over_a_device_that_is_not_ours_is_named() -> None:
    network, hosts = campus()
    with pytest.raises(Conflict, match="sw-dist-2"):
        way(
            "ap-1", ACCESS_POINTS, network,
            {**hosts, "sw-dist-2": host("sw-dist-2", platform="hp_comware")},
        )  # fmt: skip


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.integers(3, 14))
def test_any_campus_every_shortest_way_is_whole(chance: random.Random, size: int) -> None:
    """Every cable of every shortest way, by counting them all, is on the way; no other is."""
    names = [f"sw-{number}" for number in range(size)]
    pairs = list(combinations(["rt-1", *names], 2))
    cables = chance.sample(pairs, k=min(len(pairs), size + chance.randrange(size)))
    cables += [c for c in cables if chance.random() < 0.2]  # parallel
    links = [(f"{a}:p{i}a", f"{b}:p{i}b") for i, (a, b) in enumerate(cables)]
    try:
        found = the_way(links, "sw-0")
    except Conflict:
        assert not any(c in links for c in _shortest(links))
        return
    assert {":".join(p) for p in (*found.trunks, *found.routers)} == {
        end for cable in _shortest(links) for end in cable
    }
    order = waves(found.distances, found.redundant)
    assert sorted(device for wave in order for device in wave) == sorted(found.devices)
    assert order[0] == ["sw-0"]
    assert all(len(wave) == 1 for wave in order), "levels are stand-ins of each other"


def _shortest(links: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """The cables on any shortest way from sw-0 to rt-1: every way tried, length by length."""
    ways: list[tuple[str, tuple[tuple[str, str], ...]]] = [("sw-0", ())]
    for _ in range(len(links)):
        done = {cable for at, passed in ways if at == "rt-1" for cable in passed}
        if done:
            return done
        longer = []
        for at, passed in ways:
            seen = {end.partition(":")[0] for cable in passed for end in cable}
            for link in links:
                for one, other in (link, link[::-1]):
                    beyond = other.partition(":")[0]
                    if one.partition(":")[0] == at and beyond not in seen and beyond != "sw-0":
                        longer.append((beyond, (*passed, link)))
        ways = longer[:20000]
    return set()
