"""The way of a VLAN along the cables: found when it is certain, named when it is not."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.catalogue import check_hosts
from provisioner.errors import Conflict
from provisioner.services.event_wifi.path import paths
from provisioner.texts import render
from tests.unit.wifi_world import CAMPUS, CORE, PENDOPO, host, hosts, inventory

UP = f"{PENDOPO}:GigabitEthernet1/0/24"


def campus(*links: list[str], without: str = "") -> dict[str, Any]:
    """The campus with more cables, or without the one at a port."""
    kept = [link for link in CAMPUS["links"] if without not in link]
    return {**CAMPUS, "links": [*kept, *links]}


def refused(data: dict[str, Any], devices: Any = None) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Conflict) as caught:
        paths("aula-pendopo", inventory(data).network, devices or hosts(data))
    assert caught.value.slug == "not-plannable"
    assert render(caught.value.what, "id") != render(caught.value.what, "en")
    return render(caught.value.what, "en"), dict(caught.value.extra)


def test_the_way_leads_over_every_switch_to_the_router() -> None:
    first, second = paths("aula-pendopo", inventory().network, hosts())
    assert first.passed() == [
        "ap-pendopo-1:eth0",
        "sw-pendopo-1:GigabitEthernet1/0/1", "sw-pendopo-1:GigabitEthernet1/0/24",
        "sw-core-1:GigabitEthernet1/0/1", "sw-core-1:GigabitEthernet1/0/24",
        "rt-core-1:ether5",
    ]  # fmt: skip
    assert second.start == ("ap-pendopo-2", "eth0")
    assert dict(first.distances) == {"ap-pendopo-1": 3, PENDOPO: 2, CORE: 1}
    assert [hop.switch for hop in first.hops] == list(first.switches) == [PENDOPO, CORE]
    assert first.redundant == ()


@given(st.randoms(use_true_random=False))
def test_the_order_of_the_cables_does_not_matter(chance: random.Random) -> None:
    links = [list(link) for link in CAMPUS["links"]]
    chance.shuffle(links)
    for link in links:
        chance.shuffle(link)
    shuffled = inventory({**CAMPUS, "links": links}).network
    assert paths("aula-pendopo", shuffled, hosts()) == paths(
        "aula-pendopo", inventory().network, hosts()
    )


def test_a_longer_way_round_does_not_matter() -> None:
    ring = campus([f"{PENDOPO}:Gi2", "sw-alun-1:Gi2"])
    assert paths("aula-pendopo", inventory(ring).network, hosts()) == paths(
        "aula-pendopo", inventory().network, hosts()
    )


def test_two_routers_equally_near_are_named() -> None:
    told, _ = refused(campus([f"{CORE}:Gi1/0/20", "rt-core-2:ether1"]))
    assert "rt-core-1, rt-core-2" in told


def test_what_is_missing_is_named() -> None:
    told, where = refused(campus(without="ap-pendopo-2:eth0"), hosts())
    assert "no cable" in told
    assert where == {"device": "ap-pendopo-2"}
    told, _ = refused(campus(without=UP))
    assert "no router" in told
    assert PENDOPO in told
    told, _ = refused({**CAMPUS, "places": {}})
    assert "aula-pendopo" in told
    empty = {**CAMPUS["places"]["aula-pendopo"], "access_points": []}
    told, where = refused({**CAMPUS, "places": {"aula-pendopo": empty}})
    assert "places.aula-pendopo.access_points" in told
    assert where == {"place": "aula-pendopo"}


def test_devices_that_cannot_take_part_are_named() -> None:
    known = hosts()
    for name, devices, word in (
        (PENDOPO, {k: v for k, v in known.items() if k != PENDOPO}, "not in the Ansible"),
        ("ap-pendopo-1", {k: v for k, v in known.items() if k != "ap-pendopo-1"}, "not in the"),
        (CORE, {**known, CORE: host(CORE, platform="hp_comware")}, "hp_comware"),
        ("ap-pendopo-2", {**known, "ap-pendopo-2": host("ap-pendopo-2", platform="")}, "(-)"),
        (CORE, {**known, CORE: replace(host(CORE), groups=frozenset())}, "group switches"),
    ):
        told, where = refused(dict(CAMPUS), devices)
        assert word in told
        assert where == {"device": name}


def test_an_access_point_does_not_carry_anothers_traffic() -> None:
    chained = campus(["ap-pendopo-1:eth1", "ap-pendopo-2:eth1"], without="ap-pendopo-2:eth0")
    told, _ = refused(chained)
    assert "no router" in told


def test_the_inventory_check_names_unknown_devices() -> None:
    network = inventory().network
    assert check_hosts(network, hosts()) == []
    known = {k: v for k, v in hosts().items() if k != "ap-alun-1"}
    faults = check_hosts(network, {**known, "ap-alun-2": host("sw-x")}, "here.yml")
    assert [(f.file, f.key) for f in faults] == [
        ("here.yml", "places.alun-alun.access_points"),
        ("here.yml", "places.alun-alun.access_points"),
        ("here.yml", "links.2"),
    ]
    assert "access_points" in render(faults[1].remedy, "id")
