"""What is read of a chain, what is left out because it could tell nothing more, and how it ends."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from provisioner.checks.model import Check
from provisioner.checks.seen import Seen, Sighting
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.drivers.network import Examination, Inquiry, OnAir, PingResult, PortHealth
from provisioner.errors import StepFailure
from provisioner.texts import Message, render, say
from tests.unit.chain_world import AP_1, AP_2, CORE, PROBE, ROUTER, SCHOOL, URL, chain
from tests.unit.checks_eyes import AT, SETTINGS, Devices, World, silent, well


def check(key: str, **changes: Any) -> Check:
    return Check(key, say("t"), say("p"), say("m"), say("n"), **changes)


PORTS = check("ports", topics=frozenset({"ports", "system"}), needs=frozenset({"before"}))
AIR = check("air", topics=frozenset({"wireless"}), platforms=("openwrt",))
WAY = check("way", needs=frozenset({"reach", "pings", "names"}))
DRIFT = check("drift", needs=frozenset({"drift"}), topics=frozenset({"system"}))
SEAT = check("seat", needs=frozenset({"probe"}))
GUEST = check("guest", needs=frozenset({"reach", "cluster", "vm", "service"}))
ALL = (PORTS, AIR, WAY, DRIFT, SEAT, GUEST)


def look(world: World, *wanted: Check, target: str = "site:smp-1", **changes: Any) -> Seen:
    return world.looker(**changes).look(chain(target), wanted or ALL)


# ---------------------------------------------------------------- devices


def test_each_device_is_asked_once_for_what_all_checks_need_together() -> None:
    world = World()
    seen = look(world)
    names = [name for each in world.devices.asked for name in each]
    assert len(names) == len(set(names))
    everything = {name: asked for each in world.devices.asked for name, asked in each.items()}
    assert set(everything) == {AP_1, AP_2, SCHOOL, CORE, ROUTER} == set(seen.examined)
    assert everything[CORE] == Inquiry(
        topics=frozenset({"ports", "system"}), pings=("10.40.1.1", "10.31.1.1"),
        limit=SETTINGS.device_seconds,
    )  # fmt: skip
    assert everything[AP_1].topics == {"ports", "system", "wireless"}
    assert everything[ROUTER].pings == ("192.0.2.101", "192.0.2.102", "10.40.1.1", "10.31.1.1")
    assert everything[ROUTER].names == ("kominfo.go.id",)


def test_who_does_not_answer_is_tried_twice_and_not_asked_further() -> None:
    world = World(dark={SCHOOL, AP_1})
    seen = look(world)
    assert set(seen.examined) == {AP_2, CORE, ROUTER}
    address = seen.hosts[SCHOOL].address
    assert world.eyes.reached.count(address) == 2
    assert seen.reached[SCHOOL].ports == {22: None}
    assert world.eyes.greeted == {frozenset({22})}  # SSH has to say something, not only accept


def test_nothing_is_asked_that_no_check_needs() -> None:
    world = World()
    seen = look(world, check("reach", needs=frozenset({"reach"})))
    assert world.devices.asked == []
    assert set(seen.reached) == {AP_1, AP_2, SCHOOL, CORE, ROUTER}
    assert (seen.resolved, seen.probed, world.books.drifting) == ({}, {}, [])


def test_a_device_s_failure_stays_with_it() -> None:
    world = World(devices=Devices(lambda n, i, t: silent(n) if n == CORE else well(n, i)))
    seen = look(world)
    assert isinstance(seen.examined[CORE], StepFailure)
    assert seen.health(SCHOOL) is not None
    assert seen.health(CORE) is None


# ---------------------------------------------------------------- the second look


def counters(device: str, port: PortHealth, **changes: Any) -> World:
    """A world where that device has such a port."""

    def answer(name: str, inquiry: Inquiry, turn: int) -> Examination:
        seen = well(name, inquiry)
        return replace(seen, ports={port.port: port}, **changes) if name == device else seen

    return World(devices=Devices(answer))


GOOD = PortHealth("Gi1/0/24", up=True, speed_mbps=1000, in_errors=7, in_bps=1e6)


@pytest.mark.parametrize(
    ("port", "before", "again"),
    [
        (replace(GOOD, in_errors=0), None, False),
        (GOOD, None, True),
        (GOOD, Sighting(AT, errors={"Gi1/0/24": 7}), False),
        (GOOD, Sighting(AT, errors={"Gi1/0/24": 5}), True),
        (replace(GOOD, drops=3), Sighting(AT, errors={"Gi1/0/24": 7}), True),
        (replace(GOOD, port="Gi1/0/9"), None, False),
        (replace(GOOD, in_errors=None, out_bps=0.9e9), None, True),
        (replace(GOOD, in_errors=None, out_bps=0.5e9), None, False),
    ],
    ids=["none", "never seen before", "as before", "grew", "drops grew", "not on the chain",
         "nearly full", "half full"],
)  # fmt: skip
def test_counters_are_looked_at_again_only_where_that_tells_something(
    port: PortHealth, before: Sighting | None, again: bool
) -> None:
    world = counters(SCHOOL, port)
    world.books.last = {SCHOOL: before} if before else {}
    seen = look(world, PORTS)
    assert (set(seen.again) == {SCHOOL}) is again
    asked = [each[SCHOOL].topics for each in world.devices.asked if SCHOOL in each]
    assert asked == [{"ports", "system"}, {"ports"}][: 1 + again]


def test_clients_turned_away_are_looked_at_again() -> None:
    world = counters(AP_1, GOOD, on_air=(OnAir("SMP 1", "radio0", refused=4),))
    seen = look(world, AIR)
    assert set(seen.again) == {AP_1}
    assert world.devices.asked[-1][AP_1].topics == {"wireless"}


@pytest.mark.parametrize(("received", "hop"), [(3, False), (2, True), (0, True)])
def test_where_nothing_outside_answers_the_next_hop_is_pinged_too(received: int, hop: bool) -> None:
    def answer(name: str, inquiry: Inquiry, turn: int) -> Examination:
        outside = SETTINGS.internet
        pings = tuple(
            PingResult(each, 3, received if each in outside else 0) for each in inquiry.pings
        )
        return replace(well(name, inquiry), gateway="192.0.2.254", pings=pings)

    world = World(devices=Devices(answer))
    health = look(world, WAY).health(ROUTER)
    assert health is not None
    asked = [each.address for each in health.pings]
    assert asked[:2] == list(SETTINGS.internet)
    assert asked[4:] == ["192.0.2.254"] * hop


def test_who_was_cut_off_is_not_asked_again() -> None:
    world = counters(SCHOOL, GOOD, cut=say("It sent too much."))
    assert look(world, PORTS).again == {}


# ---------------------------------------------------------------- what else is looked at


def test_drift_is_read_of_those_whose_devices_all_speak() -> None:
    world = World(dark={AP_1})
    seen = look(world, DRIFT)
    assert world.books.drifting == [("event-1",)]
    assert dict(seen.drift) == {"event-1": ()}


def test_a_probe_joins_the_first_network_whose_key_is_known_and_tries_others_gateways() -> None:
    world = World()
    seen = look(world, SEAT, keys=lambda net: ("wpa2-personal", "rahasia") if net.ssids else None,
                target="instance:site-1")  # fmt: skip
    order = world.boxes.tried[0][PROBE]
    assert (order.ssid, order.passphrase) == ("SMP 1", "rahasia")
    assert order.forbidden == ("10.31.1.1",)
    assert set(seen.probed) == {PROBE}
    assert "rahasia" not in repr(seen)


def test_a_probe_that_does_not_answer_or_has_nothing_to_join_is_left_alone() -> None:
    world = World(dark={PROBE})
    assert look(world, SEAT, keys=lambda net: ("open", "")).probed == {}
    assert PROBE in look(World(), SEAT).reached
    assert look(World(), SEAT).probed == {}


def test_only_resolvers_of_our_own_are_asked_from_the_office() -> None:
    world = World()
    look(world)
    assert world.eyes.resolved == ["10.10.10.1"]


def test_a_cluster_its_vms_and_their_pages() -> None:
    world = World()
    seen = look(world, GUEST, target="cluster:dc1")
    assert not isinstance(seen.clusters["dc1"], StepFailure)
    assert isinstance(seen.vms["dc1/2001"], VmHealth)
    assert isinstance(seen.vms["dc1/2002"], StepFailure)
    assert seen.reached["dc1/2001"].ports == {22: 1.0}
    assert seen.fetched[URL].status == 200


def test_of_a_cluster_that_does_not_answer_no_vm_is_asked() -> None:
    world = World()
    world.cluster.failure = silent("dc1")
    seen = look(world, GUEST, target="cluster:dc1")
    assert isinstance(seen.clusters["dc1"], StepFailure)
    assert (world.cluster.asked, seen.vms) == ([], {})
    assert seen.fetched[URL].status == 200


def test_what_does_not_come_in_its_time_is_given_up() -> None:
    world = World()
    world.cluster.late = threading.Event()
    try:
        hasty = replace(GUEST, limit=0.01)
        seen = look(world, hasty, target="cluster:dc1", patience=0.05)
        failure = seen.clusters["dc1"]
        assert isinstance(failure, StepFailure)
        assert str(failure) == "dc1 did not answer in time."
        assert seen.fetched[URL].status == 200
    finally:
        world.cluster.late.set()


def test_how_far_it_is_is_told() -> None:
    told: list[Message] = []
    World(dark={SCHOOL}).looker().look(chain(), ALL, told.append)
    assert "4 of 5 devices answer." in [render(each, "en") for each in told]
