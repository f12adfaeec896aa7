"""Racks and colocation networks in the data files: they load, and each fault is named."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from provisioner.catalogue import Network, check_hosts
from provisioner.catalogue.fields import explain
from provisioner.catalogue.loading import _network_references
from provisioner.catalogue.racks import Feed
from provisioner.texts import render
from tests.unit.colocation_world import CENTRE, CORE, TOP, hosts
from tests.unit.test_catalogue import EXAMPLES
from tests.unit.wifi_world import host


def changed(path: str, value: Any) -> dict[str, Any]:
    data = copy.deepcopy(CENTRE)
    inner: Any = data
    *groups, last = path.split("/")
    for group in groups:
        inner = inner[group]
    inner[last] = value
    return data


def test_the_examples_have_a_rack_to_plan_with() -> None:
    network = Network.model_validate(yaml.safe_load((EXAMPLES / "network.yml").read_text()))
    rack = network.racks["r1"]
    assert rack.free() == set(range(3, 38))
    assert (rack.feeds["A"].budget, rack.feeds["B"].budget) == (16 * 220 - 900, 2600)
    colo = network.colocation_networks["colo-1"]
    assert len(list(colo.addresses())) == 170
    assert not list(_network_references(network, frozenset({"dc1"})))


def test_a_feed_never_has_less_than_nothing() -> None:
    assert Feed(watts=100, used_watts=300).budget == 0


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("racks/r1/occupied", ["13"], "only 12 units"),
        ("racks/r1/occupied", ["3-1"], "ends above"),
        ("racks/r1/occupied", ["0"], "count from 1"),
        ("racks/r1/occupied", [True], "must be a unit"),
        ("racks/r1/occupied", ["top"], "must be a unit"),
        ("racks/r1/occupied", [3, "2-4"], "unit 3 is named twice"),
        ("racks/r1/occupied", [{"units": 3, "colour": "red"}], "not a known key"),
        ("racks/r1/feeds", {}, "at least 1"),
        ("racks/r1/feeds/A", {"watts": 1, "amps": 1}, "either watts or amps"),
        ("racks/r1/feeds/A", {}, "either watts or amps"),
        ("racks/r1/switch_ports", ["sw-core-1"], "form that is needed"),
        ("racks/r1/switch_ports", [], "at least 1"),
        ("colocation_networks/colo-1/gateway", "10.10.41.1", "inside cidr"),
        ("colocation_networks/colo-1/assignable", ["10.10.41.1"], "not inside cidr"),
        ("colocation_networks/colo-1/assignable", ["10.10.40.9", "10.10.40.9"], "named twice"),
        ("colocation_networks/colo-1/vlan", 5000, "at most 4094"),
    ],
)
def test_a_fault_of_a_rack_is_named(path: str, value: Any, word: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Network.model_validate(changed(path, value))
    told = [explain(fault) for fault in caught.value.errors(include_url=False)]
    assert any(word in render(text, "en") for text in told)
    assert all(render(text, "id") != render(text, "en") for text in told)


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("racks/r1/site", "lain", "racks.r1.site"),
        ("racks/r2/switch_ports", [f"{TOP}:Gi1/0/1"], "racks.r2.switch_ports.0"),
        ("racks/r2/switch_ports", [f"{CORE}:Gi1/0/24"], "racks.r2.switch_ports.0"),
        (
            "colocation_networks/colo-2",
            {
                **CENTRE["colocation_networks"]["colo-1"],
                "assignable": ["10.10.40.90"],
                "reserved": [],
            },
            "colocation_networks.colo-2.vlan",
        ),
        (
            "colocation_networks/colo-2",
            {**CENTRE["colocation_networks"]["colo-1"], "vlan": 9},
            "colocation_networks.colo-2.assignable",
        ),
        (
            "event_networks",
            {"event-1": {"vlan": 140, "cidr": "10.31.1.0/24"}},
            "colocation_networks.colo-1.vlan",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(path: str, value: Any, key: str) -> None:
    network = Network.model_validate(changed(path, value))
    (fault,) = _network_references(network, frozenset())
    assert fault[0] == key
    assert render(fault[1], "id") != render(fault[1], "en")


def test_switches_of_racks_have_to_be_in_the_inventory() -> None:
    network = Network.model_validate(CENTRE)
    assert check_hosts(network, hosts()) == []
    known = {**hosts(), TOP: host("ap-x")}
    faults = check_hosts(network, {k: v for k, v in known.items() if k != CORE})
    keys = [fault.key for fault in faults if fault.key.startswith("racks")]
    assert keys == [f"racks.r1.switch_ports.{n}" for n in range(3)] + [
        "racks.r2.switch_ports.0", "racks.r2.switch_ports.1",
    ]  # fmt: skip
    assert "group switches" in render(faults[2].remedy, "en")
