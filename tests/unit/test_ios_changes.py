"""What is typed on a switch for a wish, the way back, and that nothing breaks out of its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.ios.changes import preview
from provisioner.drivers.ios.configuration import Switch
from provisioner.drivers.ios.objects import found, problem
from provisioner.drivers.ios.scopes import Abilities
from provisioner.drivers.network import (
    AccessPort,
    Intent,
    Preview,
    Reading,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import Refused
from tests.unit.test_ios_configuration import TEXT, port

ANY = st.text(max_size=250)
PLACES = st.sampled_from([port(7), port(1)])


def reading(wanted: Sequence[Intent], text: str = TEXT) -> Reading:
    switch = Switch.parsed(text)
    return Reading(
        "SW-Aula",
        switch.hostname,
        datetime.now(UTC),
        {intent.key: found(switch, intent) for intent in wanted},
        {
            intent.key: why
            for intent in wanted
            if (why := problem(switch, intent, wanted, Abilities()))
        },
        text,
    )


def made(*intents: Intent, present: bool = True) -> Preview:
    return preview(reading(intents), [Wish(intent, present) for intent in intents])


def test_vlans_come_before_the_ports_that_carry_them() -> None:
    found = made(TrunkMember(port(2), 302), AccessPort(port(7), 302, "meja"), Vlan(302, "EVENT"))
    assert found.lines == (
        "vlan 302",
        " name EVENT",
        "interface GigabitEthernet1/0/2",
        " switchport trunk allowed vlan add 302",
        "interface GigabitEthernet1/0/7",
        " switchport mode access",
        " switchport access vlan 302",
        " description meja",
    )
    assert found.undo == (
        "interface GigabitEthernet1/0/7",
        " no description",
        " no switchport access vlan",
        " no switchport mode",
        "interface GigabitEthernet1/0/2",
        " switchport trunk allowed vlan remove 302",
        "no vlan 302",
    )
    assert found.diff == (
        "+vlan 302",
        "+ name EVENT",
        " interface GigabitEthernet1/0/2",
        "+ switchport trunk allowed vlan add 302",
        " interface GigabitEthernet1/0/7",
        "+ switchport mode access",
        "+ switchport access vlan 302",
        "+ description meja",
    )


def test_and_go_after_them() -> None:
    found = made(Vlan(301, "PROV-WIFI-2026-0001"), TrunkMember(port(2), 301), present=False)
    assert found.lines == (
        "interface GigabitEthernet1/0/2",
        " switchport trunk allowed vlan remove 301",
        "no vlan 301",
    )
    assert found.undo == (
        "vlan 301",
        " name PROV-WIFI-2026-0001",
        "interface GigabitEthernet1/0/2",
        " switchport trunk allowed vlan add 301",
    )
    assert found.diff == (
        " interface GigabitEthernet1/0/2",
        "- switchport trunk allowed vlan add 301",
        "-vlan 301",
        "- name PROV-WIFI-2026-0001",
    )


def test_what_holds_needs_nothing() -> None:
    holds = [
        Wish(Vlan(301, "PROV-WIFI-2026-0001")),
        Wish(TrunkMember(port(3), 77)),
        Wish(TrunkMember(port(4), 10), present=False),
        Wish(AccessPort(port(9), 20, "x"), present=False),
    ]
    wanted = [wish.intent for wish in holds]
    assert preview(reading(wanted), holds) == Preview("SW-Aula")


def test_a_port_gets_back_exactly_what_it_had() -> None:
    found = made(AccessPort(port(1), 301, "baru"))
    assert found.lines == (
        "interface GigabitEthernet1/0/1",
        " switchport access vlan 301",
        " description baru",
    )
    assert found.undo == (
        "interface GigabitEthernet1/0/1",
        ' description meja satu, "depan" | kiri',
        " switchport access vlan 20",
    )


def test_another_name_of_a_vlan_is_put_back() -> None:
    assert made(Vlan(301, "NEW")).undo == ("vlan 301", " name PROV-WIFI-2026-0001")
    assert made(Vlan(31, "NEW")).undo == ("vlan 31", " no name")


def test_the_trunk_of_a_bundled_port_is_its_port_channel() -> None:
    found = made(TrunkMember(port(6), 301))
    assert found.lines[0] == "interface Port-channel1"
    both = TEXT.replace(
        "interface GigabitEthernet1/0/7\n",
        "interface GigabitEthernet1/0/7\n switchport mode trunk\n channel-group 1 mode active\n",
    )
    wanted = [TrunkMember(port(6), 301), TrunkMember(port(7), 301)]
    twice = preview(reading(wanted, both), [Wish(intent) for intent in wanted])
    assert twice.lines == found.lines


@pytest.mark.parametrize(
    "intent",
    [
        TrunkMember(port(1), 301),
        TrunkMember(port(99), 301),
        AccessPort(port(2), 301, ""),
        AccessPort(port(7), 302, ""),
        Ssid("WIFI-2026-0001", "x", "open", 301, "eth0", True),
    ],
)
def test_what_cannot_be_there_is_refused(intent: Intent) -> None:
    with pytest.raises(Refused):
        made(intent)


@pytest.mark.parametrize("number", [-1, 0, 1, 1002, 1005, 4095, 10**9])
def test_only_vlans_that_are_ours_to_make(number: int) -> None:
    for intent in (Vlan(number, "X"), AccessPort(port(7), number, "")):
        with pytest.raises(Refused):
            made(intent)


@pytest.mark.parametrize("number", [-1, 0, 4095, 10**9])
def test_a_trunk_carries_only_what_is_a_vlan(number: int) -> None:
    with pytest.raises(Refused):
        made(TrunkMember(port(2), number))


@pytest.mark.parametrize("number", [1, 1002])
def test_what_a_trunk_carries_already_needs_no_line(number: int) -> None:
    """Though nobody may put it there: port 2 has no list and carries all."""
    assert made(TrunkMember(port(2), number)).lines == ()


@pytest.mark.parametrize(
    "text", ["a?", "a\nend", "a\rend", " a", "a ", "a\t", "ä", "\x16a", "x" * 201]
)
def test_descriptions_that_would_not_come_back_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        made(AccessPort(port(7), 301, text))


@pytest.mark.parametrize(
    "name", ["", "a b", 'a"', "a?", "x" * 33, "a\nb", "ruang-rapat-ñ", "a\x00"]
)
def test_names_that_would_not_come_back_are_refused(name: str) -> None:
    with pytest.raises(Refused):
        made(Vlan(302, name))


@given(name=ANY)
def test_no_vlan_name_breaks_out(name: str) -> None:
    try:
        found = made(Vlan(302, name))
    except Refused:
        return
    assert found.lines == ("vlan 302", f" name {name}")
    stays_in_its_line(found, name)


@given(text=ANY, where=PLACES)
def test_no_description_breaks_out(text: str, where: str) -> None:
    wanted = AccessPort(where, 301, text)
    try:
        found = made(wanted)
    except Refused:
        return
    stays_in_its_line(found, text)
    assert found.lines[-1] == (f" description {text}" if text else found.lines[-1])


@given(st.text(max_size=60), st.integers(1, 4094))
def test_no_port_name_breaks_out(where: str, vlan: int) -> None:
    for wanted in (TrunkMember(where, vlan), AccessPort(where, vlan, "x")):
        with pytest.raises(Refused):
            made(wanted)


def stays_in_its_line(found: Preview, text: str) -> None:
    for line in (*found.lines, *found.undo):
        assert line.isprintable()
        assert line.isascii()
        assert "?" not in line
    assert text == text.strip()
