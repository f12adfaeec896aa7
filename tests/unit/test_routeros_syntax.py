"""RouterOS values, words, durations, exports and prints: written and read back without loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.drivers.routeros.configuration import Configuration, Item, written
from provisioner.drivers.routeros.facts import blocks, fields, radios, rows, safe_mode_of, wifi_menu
from provisioner.drivers.routeros.masking import MASK, masked, steady
from provisioner.drivers.routeros.syntax import (
    duration,
    joined_lines,
    properties,
    quoted,
    seconds,
    unquoted,
    value,
    words,
)
from tests.recordings import FOLDER
from tests.recordings import quoted as quoted_recordings

RECORDINGS = FOLDER / "mikrotik_routeros"
recorded = quoted_recordings("mikrotik_routeros")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


@given(TEXT)
def test_any_text_survives_its_quotes(text: str) -> None:
    written = quoted(text)
    assert unquoted(written) == text
    assert words(f"a={written} b=c") == [f"a={written}", "b=c"]
    assert not set(written[1:-1]) & set('"$?'), "a question mark would open the help of version 6"
    assert written.isascii()


@given(st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,8}", fullmatch=True), TEXT, max_size=5))
def test_an_item_survives_its_line(props: dict[str, str]) -> None:
    line = written(Item("/ip pool", props))
    assert Configuration.parsed(line).items == (Item("/ip pool", props),)
    assert properties(words(line)[3:]) == {k: unquoted(value(v)) for k, v in props.items()}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (r'"a \"b\" \\ \$x \? \_ \r\n"', 'a "b" \\ $x ?   \r\n'),
        (r'"caf\C3\A9"', "café"),
        ("plain", "plain"),
        ('""', ""),
    ],
)
def test_escapes_of_an_export(text: str, meant: str) -> None:
    assert unquoted(text) == meant


@given(st.integers(0, 10_000_000))
def test_durations(number: int) -> None:
    assert seconds(duration(number)) == number


def test_durations_as_printed() -> None:
    assert duration(28_800) == "8h"
    assert duration(5_400) == "1h30m"
    assert [seconds(text) for text in ("08:00:00", "1d 02:00:00", "10m", "never", "")] == [
        28_800, 93_600, 600, None, None,
    ]  # fmt: skip


def test_broken_lines_are_whole_again() -> None:
    text = 'add comment="a long te\\\r\n    xt" name=\\\r\n    b\nadd name=c\\\\\nadd name=d'
    assert joined_lines(text) == [
        'add comment="a long text" name=b', "add name=c\\\\", "add name=d",
    ]  # fmt: skip


EXPORT = """\
# jul/21/2023 09:42:42 by RouterOS 6.48.6
# software id = 1234-ABCD
# model = RB750UPr2
# serial number = AB12345CD789
/interface bridge
add name=bridge1 vlan-filtering=yes
/interface ethernet
set [ find default-name=ether1 ] comment="to the \\"core\\"" name=up\\
    link
set [ find default-name=ether2 ] poe-out=off
/interface bridge vlan
add bridge=bridge1 tagged=bridge1,uplink vlan-ids=20,30-32
/ip service
set telnet disabled=yes
/system identity
set name="rt 1"
"""


def test_an_export_in_sections_and_in_terse_lines_is_the_same() -> None:
    now = Configuration.parsed(EXPORT)
    assert now.hostname == "rt 1"
    uplink = now.named("/interface ethernet", "uplink")
    assert uplink
    assert uplink.get("comment") == 'to the "core"'
    assert now.named("/interface", "uplink") == uplink
    terse = "\n".join(
        f"{item.path} set [ find default-name={item.props['default-name']} ] "
        + " ".join(f"{k}={value(v)}" for k, v in item.props.items() if k != "default-name")
        if "default-name" in item.props
        else written(item)
        for item in now.items
    )
    assert Configuration.parsed(terse).items == now.items


def test_what_is_said_of_a_port_in_two_menus_belongs_together() -> None:
    now = Configuration.parsed(
        "/interface ethernet set [ find default-name=ether5 ] comment=Aula name=meja\n"
        "/interface ethernet poe set meja poe-out=off\n"
    )
    [port] = now.at("/interface ethernet poe")
    assert (port.get("poe-out"), port.get("comment")) == ("off", "Aula")


def test_volatile_lines_and_our_own_timer_are_left_out() -> None:
    text = steady(
        EXPORT + '/system script add name=PROV-undo-r-1 source="x"\n'
        '/system scheduler add name=PROV-timer-r-1 on-event="x"\n'
        '/system scheduler add name=theirs on-event="x"\n'
    )
    assert "software id" not in text
    assert "AB12345CD789" not in text
    assert "2023" not in text
    assert "PROV-" not in text
    assert "theirs" in text


@pytest.mark.parametrize(
    "line",
    [
        "/ppp secret add name=a password={}",
        '/user add name=a password="{} x"',
        "/interface wireless security-profiles add name=p wpa2-pre-shared-key={}",
        "/interface wifi security add name=p passphrase={}",
        "/ip ipsec identity add secret={}",
        "/snmp community add addresses=::/0 name={}",
        "/snmp community\nset [ find default=yes ] disabled=yes\nadd addresses=::/0 name={}",
        "/interface wifi set x security.authentication-types=wpa2-psk .ft=yes .passphrase={}",
        '/system script add name=s source="/tool fetch password=\\"{}\\" url=x"',
        "/interface wireguard add private-key={}",
        "/tool fetch url=ftp://admin:{}@10.0.0.1/x",
        "/routing ospf interface add authentication-key={}",
    ],
)
def test_secrets_nowhere(line: str) -> None:
    text = masked(line.format("hunter22"))
    assert "hunter22" not in text
    assert MASK in text


def test_what_everybody_may_know_stays() -> None:
    line = '/interface wireguard peers add interface=wg1 public-key="AbCd+/12="'
    assert masked(line) == line
    lines = "/snmp community\nadd addresses=::/0\n/system identity\nset name=rt1"
    assert masked(lines) == lines


def test_properties_after_a_dot_belong_to_the_group_before_them() -> None:
    said = 'channel.band=5ghz-ax .width=20mhz configuration=c1 configuration.ssid="a b" .mode=ap'
    meant = {
        "channel.band": "5ghz-ax", "channel.width": "20mhz", "configuration": "c1",
        "configuration.ssid": "a b", "configuration.mode": "ap",
    }  # fmt: skip
    assert properties(words(said)) == meant
    [row] = rows(f"0 BM {said}")
    assert row.props == meant
    [item] = Configuration.parsed(f"/interface wifi set [ find default-name=wifi1 ] {said}").items
    assert item.props == {"default-name": "wifi1", **meant}


def test_a_property_that_is_taken_away_is_no_name() -> None:
    [item] = Configuration.parsed("/ip hotspot user profile set [ find ] !timeout shared=5").items
    assert item.props == {"shared": "5"}


def test_a_given_secret_is_masked_as_the_console_writes_it_too() -> None:
    secret = 'ra"ha$ia?'
    for text in (secret, quoted(secret), quoted(quoted(secret))):
        assert MASK in masked(f"x {text} y", [secret])
        assert "ha$ia" not in masked(f"x {text} y", [secret])
        assert "ha\\24ia" not in masked(f"x {text} y", [secret])


# ---------------------------------------------------------------- recordings


def recording(name: str) -> str:
    return (RECORDINGS / f"{name}.raw").read_text()


@recorded
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("interface_bridge_host_print_terse_without-paging", 8),
        ("interface_print_terse_without-paging", 11),
        ("interface_print_detail", 9),
        ("ip_arp_print_terse_without-paging", 2),
        ("ip_dhcp-server_lease_print_terse_without-paging", 2),
        ("ip_neighbor_print_detail", 1),
        ("interface_bonding_print_detail", 1),
        ("interface_vlan_print_detail", None),
        ("interface_wireguard_print_terse_without-paging", 2),
        ("ip_hotspot_ip-binding_print_terse_without-paging", 2),
    ],
)
def test_no_recorded_row_and_no_word_of_it_is_lost(name: str, count: int | None) -> None:
    text = recording(name)
    found = rows(text)
    assert count in (None, len(found))
    for word in text.replace(";;;", " ").split():
        if word.rstrip(":") in ("Flags",) or "=" not in word:
            continue
        prop, _, rest = word.partition("=")
        assert any(unquoted(rest).strip('"') in row.get(prop) for row in found), word


@recorded
def test_recorded_names_with_spaces_and_flags() -> None:
    found = rows(recording("interface_print_terse_without-paging"))
    assert found[2].get("name") == "ether3 UniFi1"
    assert found[9].flags == {"D", "X", "S"}
    assert [row.get("name") for row in found[:2]] == ["ether1", "ether2_UniFi2"]


@recorded
def test_recorded_single_things() -> None:
    assert fields(recording("system_identity_print"))["name"] == "Mikrotik-Device_Name"
    resource = fields(recording("system_resource_print"))
    assert (resource["version"], resource["board-name"]) == ("6.48.6 (long-term)", "hEX PoE lite")
    assert len(resource) == len(recording("system_resource_print").strip().splitlines())
    assert fields(recording("system_routerboard_print"))["serial-number"] == "CC210E592C82"


@recorded
def test_recorded_monitor_with_a_log_line_in_it() -> None:
    [port] = blocks(recording("interface_ethernet_monitor_name_once"))
    assert (port["name"], port["rate"], port["rx-flow-control"]) == ("ether1", "1Gbps", "no")


def test_a_monitor_of_several_ports_in_columns() -> None:
    text = "   name: ether1 ether2\n status: link-ok no-link\n   rate: 1Gbps 100Mbps\n"
    assert blocks(text) == [
        {"name": "ether1", "status": "link-ok", "rate": "1Gbps"},
        {"name": "ether2", "status": "no-link", "rate": "100Mbps"},
    ]


@recorded
def test_recorded_export() -> None:
    now = Configuration.parsed(recording("ip_address_export_verbose"))
    assert [item.get("address") for item in now.at("/ip address")] == [
        "10.159.1.159/30", "10.80.90.5/27",
    ]  # fmt: skip
    assert now.at("/ip address")[1].get("comment") == "test comment"


# ---------------------------------------------------------------- version and radios


@pytest.mark.parametrize(
    ("packages", "major", "kind", "export", "menu"),
    [
        ("0 name=routeros version=7.16\n1 name=wifi-qcom version=7.16", 7, "wifi", "",
         "/interface wifi"),
        ("0 name=wifi-qcom-ac version=7.16", 7, "wifi", "", "/interface wifi"),
        ("0 name=wifiwave2 version=7.12", 7, "wifiwave2", "", "/interface wifiwave2"),
        ("0 name=wireless version=7.16", 7, "wlan", "", "/interface wireless"),
        ("0 name=system version=6.49\n1 X name=wireless version=6.49", 6, "ether", "", ""),
        ("0 name=wireless version=6.49", 6, "wlan", "", "/interface wireless"),
        ("0 name=wireless version=6.49", 6, "ether", "/caps-man manager set enabled=yes",
         "/caps-man"),
        ("0 name=routeros version=7.16", 7, "ether", "/interface wifi capsman set enabled=yes",
         "/interface wifi"),
        ("0 name=routeros version=7.16", 7, "ether", "", ""),
    ],
)  # fmt: skip
def test_pitfall_the_wireless_tree_is_told_by_packages(
    packages: str, major: int, kind: str, export: str, menu: str
) -> None:
    interfaces = rows(f"0 R name=x1 type={kind}")
    assert wifi_menu(packages, major, interfaces, export) == menu


def test_radios_and_their_bands() -> None:
    text = (
        "0  name=wlan1 band=2ghz-b/g/n ssid=a\n1 X name=wlan2 band=5ghz-a/n/ac\n"
        "2  name=wlan3 band=5ghz-a/n/ac\n3  name=v1 master-interface=wlan1\n4  name=wlan4\n"
    )
    assert radios(text) == [("wlan1", "2.4"), ("wlan3", "5"), ("wlan4", "both")]


def test_pitfall_safe_mode_is_told_by_floating_actions() -> None:
    assert safe_mode_of('0 U action="x" by=anna policy=write') is None
    assert safe_mode_of('0 F  action="x" by=anna policy=write') == "anna"
    assert safe_mode_of("") is None
