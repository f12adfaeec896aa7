"""VLANs, ports, scopes and limits as uci sections: undo is exact, strangers are left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.openwrt import changes, scopes
from provisioner.drivers.openwrt.sections import packages, parsed
from provisioner.errors import Refused
from provisioner.lab.openwrt import router

FILES = router.configuration("10.99.0.11", "255.255.255.0")
TEXT = "".join(f"package {name}\n{text}" for name, text in FILES.items())
PORTS = frozenset({*router.PORTS})
MARK = "NET-2026-0007"
VLAN = Vlan(412, f"PROV-{MARK}")
SCOPE = Scope(MARK, 412, "", "10.40.12.1/24", "10.40.12.50", "10.40.12.60", outside="wan")
RATE = RateLimit(MARK, 412, "10.40.12.0/24", 50, 20)


def problem(wanted: Intent, *others: Intent, text: str = TEXT) -> str | None:
    found = changes.problem(parsed(text), packages(text), PORTS, wanted, [wanted, *others])
    return None if found is None else str(found)


def reading(*wanted: Intent, text: str = TEXT) -> Reading:
    found = parsed(text)
    objects = {each.key: changes.state(found, each, frozenset()) for each in wanted}
    return Reading("rt-1", "rt-1", datetime.now(UTC), objects, configuration=text)


def test_old_switches_and_plain_bridges_are_told() -> None:
    old = TEXT.replace("config bridge-vlan", "config switch_vlan")
    assert "swconfig" in str(problem(VLAN, text=old))
    plain = TEXT.replace("config bridge-vlan", "config something")
    assert "bridge-vlan" in str(problem(VLAN, text=plain))
    assert "br-lan" in str(problem(TrunkMember("lan2", 1), text=plain))


def test_a_vlan_has_to_be_there_or_asked_for() -> None:
    port = AccessPort("lan3", 412, "PROV-X")
    assert "no VLAN 412" in str(problem(port))
    assert problem(port, VLAN) is None
    assert "no VLAN 412" in str(problem(SCOPE))


def test_a_factory_port_counts_as_not_set_up() -> None:
    found = parsed(TEXT)
    assert changes.state(found, AccessPort("lan3", 1, ""), frozenset()) is None
    assert changes.state(found, TrunkMember("lan1", 99), frozenset()) == TrunkMember("lan1", 99)
    assert changes.state(found, Vlan(99, "x"), frozenset()) == Vlan(99, "")
    assert changes.state(found, Description("lan3", ""), frozenset()) is None


def test_a_limit_counts_from_the_clients_side() -> None:
    at = parsed(TEXT + "config x\n")
    made = [*at, *scopes.scope_sections(replace(SCOPE, port="lan1"), at)]
    queue = scopes.rate_sections(RATE, made)[0]
    assert queue.options["interface"] == "br-lan.412"
    assert (queue.options["upload"], queue.options["download"]) == ("50000", "20000")
    assert changes.state([*made, queue], RATE, frozenset()) == RATE
    other = replace(RATE, down_mbps=5)
    assert changes.state([*made, queue], other, frozenset()) not in (None, other)


def test_the_undo_is_the_reverse_in_the_reverse_order() -> None:
    wishes = [Wish(TrunkMember("lan1", 412)), Wish(VLAN), Wish(AccessPort("lan3", 412, "a"))]
    preview = changes.preview(reading(*(w.intent for w in wishes)), wishes)
    assert preview.lines[0] == "set network.prov_vlan_412='bridge-vlan'"
    assert "member br-lan 1 del_list lan3:u*" in preview.lines
    assert preview.undo[-1] == "delete network.prov_vlan_412"
    back = preview.undo.index("member br-lan 1 add_list lan3:u*")
    after = [line for line in preview.undo[back + 1 :] if line.startswith("member br-lan 1")]
    assert after[-1] == "member br-lan 1 add_list lan4:u*", "and lan3 is before lan4 again"


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SCOPE, dns=("8.8.8.8'; reboot",)),
        replace(SCOPE, last="10.41.0.1"),
        replace(SCOPE, mark="x y"),
        replace(SCOPE, outside="wan; reboot"),
        replace(RATE, cidr="10.0.0.0/8\n"),
        replace(RATE, up_mbps=0),
        Vlan(1, "PROV-X"),
        Vlan(412, "a b"),
        TrunkMember("lan 1", 412),
        Description("lan1", "a\nb"),
    ],
)
def test_what_cannot_be_said_is_refused(wrong: Intent) -> None:
    with pytest.raises(Refused):
        changes.preview(reading(), [Wish(wrong)])


def test_an_ssid_and_a_scope_of_one_request_do_not_touch_each_other() -> None:
    radio = "package wireless\n\nconfig wifi-device 'radio0'\n\toption hwmode '11a'\n\n"
    ssid = Ssid(MARK, "SMP", "open", 412, "lan1", isolate=True, band="5")
    scope = replace(SCOPE, port="lan1")
    text = TEXT + radio
    preview = changes.preview(reading(scope, ssid, text=text), [Wish(scope), Wish(ssid)])
    assert any("_radio0.mode='ap'" in line for line in preview.lines)
    assert sum("bridge-vlan'" in line for line in preview.lines) == 1, "one VLAN for both"
    assert problem(replace(ssid, band="2.4"), text=text) is not None
