"""Cables of network.yml against what devices see: each kind of difference, and no false ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Host, Learned, Neighbor, PortState, Survey
from provisioner.texts import render
from provisioner.topology import Comparison, compare

CORE, LEAF, AP, RT = "sw-core-1", "sw-pendopo-1", "ap-pendopo-1", "rt-core-1"
GI = "GigabitEthernet1/0/"
FILE = [
    (Port(RT, "ether5"), Port(CORE, f"{GI}24")),
    (Port(CORE, f"{GI}1"), Port(LEAF, f"{GI}24")),
    (Port(LEAF, f"{GI}1"), Port(AP, "eth0")),
]


def hosts(*more: str) -> dict[str, Host]:
    return {
        name: Host(name, "cisco_ios", frozenset({"switches"}), f"10.9.9.{number}", 22, "admin")
        for number, name in enumerate((RT, CORE, LEAF, AP, *more), start=1)
    }


def survey(
    host: str,
    *heard: tuple[str, str, str] | Neighbor,
    ports: Mapping[str, bool] | None = None,
    learned: tuple[Learned, ...] = (),
    arp: Mapping[str, str] | None = None,
) -> Survey:
    neighbors = tuple(
        one if isinstance(one, Neighbor) else Neighbor(one[0], one[1], one[2], "lldp")
        for one in heard
    )
    states = {name: PortState(name, up) for name, up in (ports or {}).items()}
    return Survey(
        host, host, datetime.now(UTC), neighbors=neighbors, ports=states,
        learned=learned, arp=arp or {},
    )  # fmt: skip


def compared(*surveys: Survey, more: tuple[str, ...] = ()) -> Comparison:
    return compare(FILE, {one.host: one for one in surveys}, hosts(*more))


AGREEING = (
    survey(RT, ("ether5", "SW-CORE-1.banyumas.go.id", "Gi1/0/24")),
    survey(CORE, ("Gi1/0/24", RT, "bridge/ether5"), ("Gi1/0/1", LEAF, f"{GI}24")),
    survey(LEAF, (f"{GI}24", CORE, "Gi1/0/1"), (f"{GI}1", AP, "00:0c:42:00:00:01")),
    survey(AP, ("eth0", LEAF, "Gi1/0/1")),
)


def test_names_and_ports_of_all_platforms_agree() -> None:
    found = compared(*AGREEING)
    assert found.differences == ()
    assert found.unchecked == ()
    assert found.agreed == 3


def test_one_end_that_speaks_is_enough() -> None:
    found = compared(AGREEING[1], AGREEING[2])
    assert (found.agreed, found.differences) == (3, ())


def test_another_port_names_the_line_to_enter_and_to_remove() -> None:
    moved = survey(LEAF, (f"{GI}24", CORE, "Gi1/0/1"), ("Gi1/0/7", AP, "eth0"))
    found = compared(AGREEING[0], AGREEING[1], moved, survey(AP, ("eth0", LEAF, "Gi1/0/7")))
    (one,) = found.differences
    assert one.kind == "other_port"
    assert one.enter == '  - ["sw-pendopo-1:GigabitEthernet1/0/7", "ap-pendopo-1:eth0"]'
    assert one.remove == ('  - ["sw-pendopo-1:GigabitEthernet1/0/1", "ap-pendopo-1:eth0"]',)
    assert "GigabitEthernet1/0/7" in render(one.text, "id")


def test_a_cable_that_is_not_in_the_file() -> None:
    leaf = survey(
        LEAF, (f"{GI}24", CORE, "Gi1/0/1"), (f"{GI}1", AP, "eth0"), ("Gi1/0/2", "ap-2", "eth0")
    )
    found = compared(*AGREEING[:2], leaf, more=("ap-2",))
    (one,) = found.differences
    assert (one.kind, one.remove) == ("not_in_file", ())
    assert one.enter == '  - ["sw-pendopo-1:GigabitEthernet1/0/2", "ap-2:eth0"]'


def test_another_device_on_the_port_replaces_the_line() -> None:
    leaf = survey(LEAF, (f"{GI}24", CORE, "Gi1/0/1"), (f"{GI}1", "ap-2", "eth0"))
    found = compared(*AGREEING[:2], leaf, more=("ap-2",))
    (one,) = found.differences
    assert one.kind == "not_in_file"
    assert one.remove == ('  - ["sw-pendopo-1:GigabitEthernet1/0/1", "ap-pendopo-1:eth0"]',)


def test_a_cable_pulled_is_not_there() -> None:
    leaf = survey(LEAF, (f"{GI}24", CORE, "Gi1/0/1"), ports={f"{GI}1": False, f"{GI}24": True})
    found = compared(*AGREEING[:2], leaf)
    (one,) = found.differences
    assert (one.kind, one.enter) == ("not_there", None)
    assert one.remove == ('  - ["sw-pendopo-1:GigabitEthernet1/0/1", "ap-pendopo-1:eth0"]',)


def test_both_speak_and_neither_hears_the_other() -> None:
    leaf = survey(LEAF, ("Gi1/0/9", "ap-2", "eth0"))
    found = compared(AGREEING[0], survey(CORE, ("Gi1/0/24", RT, "ether5")), leaf, more=("ap-2",))
    kinds = {one.kind: one for one in found.differences}
    assert set(kinds) == {"not_there", "not_in_file"}
    assert kinds["not_there"].ends == FILE[1]
    assert [one.link for one in found.unchecked] == [FILE[2]]


def test_a_silent_access_point_is_not_called_missing() -> None:
    """The switch hears others, the access point has no LLDP: nobody can say."""
    leaf = survey(LEAF, (f"{GI}24", CORE, "Gi1/0/1"), ports={f"{GI}1": True})
    found = compared(*AGREEING[:2], leaf, survey(AP))
    assert found.differences == ()
    assert [one.link for one in found.unchecked] == [FILE[2]]


def test_its_learned_address_confirms_a_silent_device() -> None:
    mac = "00:0c:42:00:00:01"
    leaf = survey(LEAF, (f"{GI}24", CORE, "Gi1/0/1"), learned=(Learned("Gi1/0/1", 99, mac),))
    router = survey(RT, ("ether5", CORE, "Gi1/0/24"), arp={"10.9.9.4": mac.upper()})
    found = compared(router, AGREEING[1], leaf)
    assert (found.agreed, found.differences, found.unchecked) == (3, (), ())


def test_a_silent_device_on_no_cable_is_hinted_at_by_its_address() -> None:
    mac = "00:0c:42:00:00:09"
    leaf = survey(
        LEAF, (f"{GI}24", CORE, "Gi1/0/1"), (f"{GI}1", AP, "eth0"),
        learned=(Learned("Gi1/0/9", 99, mac), Learned("Gi1/0/24", 99, mac)),
    )  # fmt: skip
    router = survey(RT, ("ether5", CORE, "Gi1/0/24"), arp={"10.9.9.5": mac})
    (one,) = compared(router, AGREEING[1], leaf, more=("ap-9",)).differences
    assert (one.kind, one.sure) == ("not_in_file", False)
    assert one.enter == '  - ["sw-pendopo-1:GigabitEthernet1/0/9", "ap-9:PORT"]'


def test_a_stranger_and_a_port_with_several_are_told_not_guessed() -> None:
    leaf = survey(
        LEAF, (f"{GI}24", CORE, "Gi1/0/1"), (f"{GI}1", AP, "eth0"),
        Neighbor("Gi1/0/3", "TL-SG108E", "port 1", "lldp", "10.9.9.200", "TP-Link"),
        ("Gi1/0/4", "ap-2", "eth0"), ("Gi1/0/4", "ap-3", "eth0"),
    )  # fmt: skip
    found = compared(*AGREEING[:2], leaf, more=("ap-2", "ap-3"))
    kinds = {one.kind: one for one in found.differences}
    assert set(kinds) == {"unknown_device", "ambiguous"}
    assert "TP-Link" in render(kinds["unknown_device"].text, "en")
    assert kinds["ambiguous"].enter is None
    assert kinds["ambiguous"].ends[1:] == (Port("ap-2", ""), Port("ap-3", ""))


def test_lldp_counts_before_what_other_switches_pass_on() -> None:
    """MNDP and CDP reach a router through a switch of another maker."""
    router = survey(RT, ("ether5", CORE, "Gi1/0/24"), Neighbor("ether5", AP, "eth0", "mndp"))
    found = compared(router, AGREEING[1], AGREEING[2])
    assert (found.agreed, found.differences) == (3, ())


def test_devices_behind_one_address_are_not_told_apart_by_it() -> None:
    """As where ports of one machine lead to many devices."""
    around = {name: Host(name, "linux", frozenset(), "127.0.0.1", 2200, "root") for name in "ab"}
    looked = {"a": survey("a", Neighbor("eth0", "", "eth1", "lldp", "127.0.0.1"))}
    (one,) = compare([], looked, around).differences
    assert one.kind == "unknown_device"


def test_parallel_cables_are_kept_apart() -> None:
    links = [(Port("a", "e1"), Port("b", "e1")), (Port("a", "e2"), Port("b", "e2"))]
    around = {name: Host(name, "linux", frozenset(), f"h{name}", 22, "root") for name in "ab"}
    seen = {"a": survey("a", ("e1", "b", "e1"), ("e2", "b", "e3"))}
    (one,) = compare(links, seen, around).differences
    assert (one.kind, one.ends) == ("other_port", (Port("a", "e2"), Port("b", "e3")))
