"""What is typed on a router for a wish, its exact way back, and what stands there half made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provisioner.drivers.network import (
    AccessPort,
    Description,
    Intent,
    Preview,
    RateLimit,
    Reading,
    Scope,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.drivers.routeros import switching
from provisioner.drivers.routeros.changes import found, preview
from provisioner.drivers.routeros.configuration import Configuration, written
from provisioner.drivers.routeros.texts import parsed, remaining, with_keys
from provisioner.drivers.routeros.timer import script
from provisioner.errors import Refused

MARK = "NET-2026-0001"
ROUTER = """\
# version: {version}
# model: RB5009
/interface bridge add name=bridge1 vlan-filtering=yes
/interface ethernet set [ find default-name=ether5 ] comment="Meja 5"
/interface vlan add interface=bridge1 name=vlan99 vlan-id=99
/interface bridge port add bridge=bridge1 interface=ether1
/interface bridge port add bridge=bridge1 interface=ether4 pvid=20
/interface bridge port add bridge=bridge1 interface=ether5
/interface bridge vlan add bridge=bridge1 tagged=bridge1,ether1 vlan-ids=99
/interface bridge vlan add bridge=bridge1 tagged=ether1 untagged=ether4,ether5 vlan-ids=20
/interface bridge vlan add bridge=bridge1 tagged=ether1 vlan-ids=500-510
/ip address add address=10.0.0.2/24 interface=vlan99 network=10.0.0.0
/ip dns set allow-remote-requests=yes
/ip firewall filter add action=fasttrack-connection chain=forward connection-state=established
/ip firewall filter add action=accept chain=forward comment="office"
/ip firewall filter add action=drop chain=input
/ip firewall nat add action=masquerade chain=srcnat out-interface=ether8
/queue simple add max-limit=1M/1M name=theirs target=10.9.0.0/24
/system identity set name=rt-1
"""
WIFI = """\
# wifi: /interface wifi
# radio: wifi1 2.4
# radio: wifi2 5
"""
SCOPE = Scope(
    MARK, 301, "ether1", "10.40.1.1/24", "10.40.1.10", "10.40.1.200", ("10.10.10.1",),
    outside="ether8", walls=("10.0.0.0/8", "192.168.0.0/16"),
)  # fmt: skip
RATE = RateLimit(MARK, 301, "10.40.1.0/24", 50, 20)
SSID = Ssid("WIFI-2026-0002", "Café?", "wpa2-personal", 301, "ether1", isolate=True)
WANTED: list[Intent] = [
    Vlan(301, f"PROV-{MARK}"),
    TrunkMember("ether1", 301),
    AccessPort("ether5", 301, 'Aula "barat" $5?', poe=False),
    Description("ether8", "ke Internet"),
    SCOPE,
    RATE,
    SSID,
]


def with_radios(version: str) -> str:
    first, _, rest = ROUTER.format(version=version).partition("\n")
    return f"{first}\n{WIFI}{rest}"


def reading(text: str) -> Reading:
    return Reading("rt-1", "rt-1", datetime.now(UTC), {}, configuration=text)


def carried_out(now: Configuration, lines: Sequence[str]) -> Configuration:
    for line in lines:
        now = parsed(line).after(now)
    return now


def told(now: Configuration) -> list[str]:
    """Without what an export leaves out."""
    plain = {"", "1", "admit-all", "auto-on"}
    items = [
        replace(item, props={k: v for k, v in item.props.items() if v not in plain})
        for item in now.items
    ]
    bare = "/interface ethernet"
    return [written(i) for i in items if i.path != bare or i.props.keys() - {"name"}]


def exported(now: Configuration, head: str) -> str:
    return head + "".join(f"{written(item)}\n" for item in now.items)


def of(text: str, wanted: Sequence[Intent], present: bool = True) -> Preview:
    return preview(reading(text), [Wish(intent, present) for intent in wanted])


@pytest.mark.parametrize("version", ["6.49.18", "7.16.1"])
def test_made_found_again_and_taken_back_exactly(version: str) -> None:
    head = f"# version: {version}\n{WIFI}"
    text = with_radios(version)
    before = Configuration.parsed(text)
    assert [found(before, intent) for intent in WANTED] == [
        None, None, AccessPort("ether5", 1, "Meja 5", poe=True), None, None, None, None,
    ]  # fmt: skip
    made = of(text, WANTED)
    after = carried_out(before, made.lines)
    for intent in WANTED:
        assert found(after, intent) == intent
    again = exported(after, head)
    assert of(again, WANTED) == Preview("rt-1")
    assert told(carried_out(after, made.undo)) == told(before)
    assert remaining(made.undo, before) == ()
    assert remaining(made.lines, after) == ()
    off = of(again, WANTED[:2] + WANTED[3:], present=False)
    gone = carried_out(after, off.lines)
    assert not [line for line in told(gone) if "PROV-" in line]
    back = carried_out(gone, off.undo)
    for intent in WANTED:
        assert found(back, intent) == intent
    rules = [[i.get("comment") for i in n.at("/ip firewall filter")] for n in (after, back)]
    assert rules[0] == rules[1], "in its old order"


def test_every_line_survives_its_text_and_runs_twice_without_harm() -> None:
    text = with_radios("7.16.1")
    made = of(text, WANTED)
    now = Configuration.parsed(text)
    for line in (*made.lines, *made.undo):
        assert str(parsed(line)) == line
        then = parsed(line).after(now)
        assert parsed(line).after(then) is then
        now = then
    assert "[find where" in script(made.undo, "r-1-1")


@pytest.mark.parametrize("cut", range(0, 30, 3))
def test_half_made_rests_go_and_are_made_whole(cut: int) -> None:
    text = ROUTER.format(version="7.16.1")
    wanted: list[Intent] = [SCOPE, RATE]
    made = of(text, wanted)
    half = carried_out(Configuration.parsed(text), made.lines[:cut])
    rest = exported(half, "# version: 7.16.1\n")
    whole = carried_out(half, of(rest, wanted).lines)
    assert [found(whole, intent) for intent in wanted] == wanted
    gone = carried_out(half, of(rest, wanted, present=False).lines)
    assert told(gone) == told(Configuration.parsed(text))
    assert told(carried_out(half, made.undo)) == told(Configuration.parsed(text))


def test_pitfall_one_member_of_a_list_never_the_list() -> None:
    """Strangers are in the same lists; what they add in between stays."""
    text = ROUTER.format(version="7.16.1")
    wanted: list[Intent] = [TrunkMember("ether5", 20)]
    text = text.replace("untagged=ether4,ether5", "untagged=ether4")
    made = of(text, wanted)
    assert len(made.lines) == 1
    assert "ether1" not in made.lines[0]
    between = text.replace("tagged=ether1 untagged", "tagged=ether1,ether9 untagged")
    now = carried_out(Configuration.parsed(between), made.lines)
    assert switching.entries(now, 20)[0].get("tagged") == "ether1,ether9,ether5"
    now = carried_out(now, made.undo)
    assert switching.entries(now, 20)[0].get("tagged") == "ether1,ether9"


def test_an_access_port_leaves_no_other_vlan_untagged() -> None:
    made = of(ROUTER.format(version="7.16.1"), [Vlan(301, "X"), AccessPort("ether5", 301, "")])
    now = carried_out(Configuration.parsed(ROUTER.format(version="7")), made.lines)
    assert switching.entries(now, 20)[0].get("untagged") == "ether4"
    back = carried_out(now, made.undo)
    assert set(switching.entries(back, 20)[0].listed("untagged")) == {"ether4", "ether5"}


def test_pitfall_duplicates_are_a_difference_and_both_go() -> None:
    """Adding twice makes two, where RouterOS does not mind: rules, networks, comments."""
    text = ROUTER.format(version="7.16.1")
    after = carried_out(Configuration.parsed(text), of(text, [SCOPE]).lines)
    twice = exported(after, "# version: 7\n") + next(
        f"{written(item)}\n" for item in after.items if "wall 10.0" in item.get("comment")
    )
    assert found(Configuration.parsed(twice), SCOPE) not in (None, SCOPE)
    off = carried_out(Configuration.parsed(twice), of(twice, [SCOPE], present=False).lines)
    assert told(off) == told(Configuration.parsed(text))
    mended = carried_out(Configuration.parsed(twice), of(twice, [SCOPE]).lines)
    assert found(mended, SCOPE) == SCOPE
    doubled = text + "/interface bridge vlan add bridge=bridge1 comment=A vlan-ids=301\n" * 2
    assert found(Configuration.parsed(doubled), Vlan(301, "A")) == Vlan(301, "A + A")
    now = carried_out(Configuration.parsed(doubled), of(doubled, [Vlan(301, "A")]).lines)
    assert found(now, Vlan(301, "A")) == Vlan(301, "A")


def test_walls_stand_before_what_others_let_through_and_do_not_touch_replies() -> None:
    text = ROUTER.format(version="7.16.1")
    after = carried_out(Configuration.parsed(text), of(text, [SCOPE, RATE]).lines)
    rules = [r for r in after.at("/ip firewall filter") if r.get("chain") == "forward"]
    assert [rule.get("comment").removeprefix(f"PROV-{MARK} ") for rule in rules] == [
        "rate from", "rate to", "scope dns 10.10.10.1 udp", "scope dns 10.10.10.1 tcp",
        "scope wall 10.0.0.0/8", "scope wall 192.168.0.0/16", "scope way out", "", "office",
    ]  # fmt: skip
    drops = [r for r in rules if r.get("action") == "drop"]
    assert {rule.get("connection-state") for rule in drops} == {"new"}
    above = exported(after, "# version: 7\n").split("\n")
    above.insert(1, "/ip firewall filter add action=accept chain=forward comment=above")
    assert found(Configuration.parsed("\n".join(above)), SCOPE) not in (None, SCOPE)
    harmless = "/ip firewall filter add action=accept chain=forward connection-state=established"
    above[1] = harmless
    assert found(Configuration.parsed("\n".join(above)), SCOPE) == SCOPE


def test_fasttrack_would_pass_the_queue_by() -> None:
    text = ROUTER.format(version="7.16.1")
    after = carried_out(Configuration.parsed(text), of(text, [RATE]).lines)
    assert found(after, RATE) == RATE
    late = exported(after, "# version: 7\n").split("\n")
    fast = next(line for line in late if "fasttrack" in line)
    late.remove(fast)
    assert found(Configuration.parsed("\n".join(late)), RATE) != RATE, "exceptions without a need"
    late.insert(1, fast)
    assert found(Configuration.parsed("\n".join(late)), RATE) not in (None, RATE)
    without = text.replace("fasttrack-connection", "accept")
    assert not [line for line in of(without, [RATE]).lines if "filter" in line]


def test_pitfall_the_management_vlan_is_never_locked_out() -> None:
    text = ROUTER.format(version="7.16.1")
    for intent in (Vlan(99, "MGMT"), TrunkMember("ether1", 99)):
        with pytest.raises(Refused) as error:
            of(text, [intent], present=False)
        assert "10.0.0.2" in str(error.value.what)
    lines = of(text, WANTED[:6]).lines
    assert not [line for line in lines if "vlan-filtering" in line or "vlan-ids=99" in line]


@pytest.mark.parametrize(
    "intent",
    [
        Vlan(301, 'x" y'), Vlan(301, ""), Vlan(1, "A"), Vlan(4095, "A"), TrunkMember("e;1", 5),
        AccessPort("ether5", 301, "a\nb"), Description("ether5", "a\tb"), Description("$x", "a"),
        replace(SCOPE, mark="X] do={"), replace(SCOPE, gateway="10.0.0.1/24; /x"),
        replace(SCOPE, first="10.40.2.1"), replace(SCOPE, dns=("x",)),
        replace(SCOPE, walls=("10.0.0.1/8",)), replace(SCOPE, lease_seconds=0),
        replace(RATE, cidr="x"), replace(RATE, down_mbps=0), replace(SSID, ssid="x" * 33),
        replace(SSID, ssid="a\nb"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused(intent: Intent) -> None:
    with pytest.raises(Refused):
        of(ROUTER.format(version="7.16.1"), [intent])


def test_keys_are_nowhere_but_in_what_is_typed() -> None:
    text = with_radios("7.16.1")
    made = of(text, [Vlan(301, "X"), SSID])
    filled, missing = with_keys(made.lines, {SSID.mark: "ra ha$ia?"})
    assert missing is None
    assert sum("ra ha\\24ia\\3F" in line for line in filled) == 1
    assert with_keys(made.lines, {}) == ([], SSID.mark)
    after = carried_out(Configuration.parsed(text), made.lines)
    other = replace(SSID, keyed=False)
    there = replace(reading(exported(after, "# version: 7\n" + WIFI)), objects={SSID.key: other})
    again = preview(there, [Wish(SSID)])
    assert any('passphrase=""' in line for line in again.lines)
    assert any('passphrase=""' in line for line in again.undo)


@pytest.mark.parametrize(
    ("intent", "text", "why"),
    [
        (Vlan(505, "A"), "", "range"),
        (Vlan(301, "A"), "/interface bridge add name=b2 vlan-filtering=yes", "several bridges"),
        (TrunkMember("ether9", 20), "", "no port"),
        (TrunkMember("ether8", 20), "", "no switch port"),
        (TrunkMember("ether4", 20), "", "untagged"),
        (TrunkMember("ether1", 302), "", "no VLAN 302"),
        (AccessPort("ether1", 20, ""), "", "trunk"),
        (AccessPort("ether5", 20, "", poe=True), "", "PoE"),
        (AccessPort("ether3", 20, ""),
         "/interface bonding add name=bond1 slaves=ether3,ether2\n"
         "/interface bridge port add bridge=bridge1 interface=bond1", "port channel"),
    ],
)  # fmt: skip
def test_why_it_cannot_be_put_there(intent: Intent, text: str, why: str) -> None:
    now = Configuration.parsed(ROUTER.format(version="7.16.1") + text)
    ports = {f"ether{n}" for n in range(1, 9)}
    said = switching.problem(now, intent, [intent], ports, frozenset())
    assert why in str(said)
