"""From a target to its chain: which stations, cables and networks are on it, and in which order."""

from __future__ import annotations

import pytest

from provisioner.catalogue.network_fields import Port
from provisioner.checks.chaining import INTERNET, chain_of
from provisioner.checks.ground import parse_target
from provisioner.checks.model import Place, Target
from provisioner.errors import Conflict, NotFound
from tests.unit.chain_world import (
    AP_1,
    AP_2,
    BRANCH,
    CORE,
    EVENT,
    LONE,
    PROBE,
    RING_1,
    RING_2,
    RING_AP,
    ROUTER,
    SCHOOL,
    SITE,
    TRUNK_DOWN,
    TRUNK_UP,
    URL,
    VM,
    chain,
    ground,
)


def test_a_site_s_chain_leads_from_its_users_to_the_internet() -> None:
    found = chain("site:smp-1")
    assert [(each.kind, each.name) for each in found.stations] == [
        ("probe", PROBE),
        ("access_point", AP_1),
        ("access_point", AP_2),
        ("switch", SCHOOL),
        ("switch", CORE),
        ("router", ROUTER),
        ("resolver", "10.10.10.1"),
        ("internet", INTERNET),
    ]
    assert found.title == "SMP 1"
    assert found.instances == ("site-1", "event-1")
    assert found.sites == ("smp-1",)


def test_each_cable_begins_at_the_user_s_end_and_stations_know_their_ports() -> None:
    found = chain("site:smp-1")
    assert (TRUNK_UP, TRUNK_DOWN) in found.cables
    assert found.cables[-1] == (Port(CORE, "Gi1/0/24"), Port(ROUTER, "ether2"))
    school = found.station(SCHOOL)
    assert school is not None
    assert school.up == ("Gi1/0/24",)
    assert school.down == ("Gi1/0/1", "Gi1/0/2")


def test_what_lies_behind_what() -> None:
    found = chain("site:smp-1")
    assert found.beyond(Place("port", CORE, "Gi1/0/3")) == {SCHOOL, AP_1, AP_2}
    assert found.beyond(Place("device", ROUTER)) == {ROUTER, CORE, SCHOOL, AP_1, AP_2}


def test_redundant_ways_are_all_on_it_and_neither_alone_cuts_anybody_off() -> None:
    found = chain("site:ring")
    assert found.devices == (RING_AP, RING_1, RING_2, CORE, ROUTER)
    assert len(found.cables) == 5
    assert found.beyond(Place("device", RING_1)) == {RING_1}
    assert found.beyond(Place("device", CORE)) == {CORE, RING_1, RING_2, RING_AP}


def test_a_branch_router_reaches_the_core_by_its_outside_port() -> None:
    found = chain("site:cabang")
    assert found.devices == (BRANCH, CORE, ROUTER)
    assert found.cables[0] == (Port(BRANCH, "ether1"), Port(CORE, "Gi1/0/20"))
    assert BRANCH not in chain("site:smp-1").devices


def test_a_device_without_a_cable_is_a_station_and_a_site_may_have_none() -> None:
    assert chain("site:pasar").devices == (LONE,)
    assert chain("site:kosong").stations == ()


def test_a_place_has_its_access_points_and_their_ways() -> None:
    found = chain("place:aula")
    assert found.devices == (AP_2, SCHOOL, CORE, ROUTER)
    assert [net.vlan for net in found.nets] == [301]
    assert found.title == "Aula"


def test_a_device_has_its_way_and_what_runs_over_it() -> None:
    found = chain(AP_1)
    assert found.target == Target("device", AP_1)
    assert found.devices == (AP_1, SCHOOL, CORE, ROUTER)
    assert [net.vlan for net in found.nets] == [401]
    assert PROBE not in [each.name for each in found.stations]
    core = chain(CORE)
    assert core.devices == (CORE, ROUTER)
    assert {net.vlan: net.trunks for net in core.nets} == {
        401: (TRUNK_DOWN, Port(CORE, "Gi1/0/24")),
        301: (TRUNK_DOWN,),
    }
    assert core.nets[0].ports == ()


def test_a_network_instance_has_its_devices() -> None:
    found = chain("NET-2026-0001", SITE)
    assert found.target == Target("instance", "site-1")
    assert found.devices == (AP_1, SCHOOL, CORE, ROUTER)
    assert found.stations[0].name == PROBE


def test_a_vm_has_its_cluster_and_its_pages() -> None:
    found = chain("simpus")
    assert [(each.kind, each.name) for each in found.stations] == [
        ("service", URL), ("vm", "dc1/2001"), ("cluster", "dc1"),
    ]  # fmt: skip
    assert found.devices == ()


def test_a_cluster_has_all_its_vms_and_a_url_what_serves_it() -> None:
    assert [vm.vmid for vm in chain("cluster:dc1").vms] == [2001, 2002]
    found = chain(URL)
    assert (found.urls, [vm.vmid for vm in found.vms], found.clusters) == ((URL,), [2001], ("dc1",))
    other = chain("https://elsewhere.example/")
    assert [each.kind for each in other.stations] == ["service"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("smp-1", "site:smp-1"),
        (" aula ", "place:aula"),
        ("place:pasar", "place:pasar"),
        ("WIFI-2026-0002", "instance:event-1"),
        ("instance:Festival", "instance:event-1"),
        ("dc1", "cluster:dc1"),
        (f"url:{URL}", f"url:{URL}"),
    ],
)
def test_a_target_is_found_by_its_name(text: str, meant: str) -> None:
    assert str(parse_target(text, ground())) == meant


@pytest.mark.parametrize("text", ["", "nobody", "site:nobody", "site:", "device:smp-1", "ftp://x"])
def test_what_is_not_there_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        parse_target(text, ground())


def test_a_name_that_means_two_things_is_asked_back() -> None:
    with pytest.raises(Conflict) as raised:
        parse_target("pasar", ground())
    assert raised.value.slug == "ambiguous-target"
    assert "site:pasar, place:pasar" in str(raised.value)


@pytest.mark.parametrize("kind", ["site", "place", "device", "instance", "cluster"])
def test_a_target_that_has_gone_is_not_found(kind: str) -> None:
    with pytest.raises(NotFound):
        chain_of(Target(kind, "gone"), ground(SITE, EVENT, VM))  # type: ignore[arg-type]
