"""Simulated RouterOS: what its command line accepts, refuses and says, in versions 6 and 7."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.lab.devices.lab import DeviceLab, running_lab
from tests.lab.routeros import CAMPUS, asked, entered


@pytest.fixture(scope="module")
def lab() -> Iterator[DeviceLab]:
    with running_lab(CAMPUS) as made:
        yield made


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/foo", "bad command name foo (line 1 column 2)"),
        ("/interface vlan ad name=x", ""),
        ("/interface vlan add name=x colour=red", "expected end of command (line 1 column 28)"),
        (":put 1; :put (1 + ]", "syntax error (line 1 column 19)"),
        (
            "/interface vlan add name=v vlan-id=5000 interface=ether2",
            "value of vlan-id out of range",
        ),
        (
            "/interface vlan add name=v vlan-id=5 interface=ether77",
            "input does not match any value of interface",
        ),
        ("/interface vlan add name=v vlan-id=5", "missing value(s) of argument(s) interface"),
        (
            "/interface vlan add name=vlan99 vlan-id=5 interface=ether2",
            "failure: already have interface with such name",
        ),
        (
            "/ip address add address=10.0.0.300/24 interface=ether2",
            "invalid value for argument address",
        ),
        ("/ip pool add name=p ranges=10.0.0.9-10.0.0.1", "invalid value for argument ranges"),
        ("/ip address remove 77", "no such item"),
        ("/interface vlan set [find where name=nix] comment=x", ""),
        (
            "/ip firewall filter add chain=forward action=burn",
            "input does not match any value of action",
        ),
        (':error "begitu"', "begitu"),
        (':put ("ok-" . "17")', "ok-17"),
        (":put [:len [/interface vlan find where vlan-id=99]]", "1"),
        (":put [/interface get ether1 disabled]", "false"),
        (":put [/interface get [find where name=ether1] name]", "ether1"),
        (":put [/system identity get name]", "rt-7"),
        (":put (5 > 3 && !(2 = 3))", "true"),
        (':put [:pick "kantor" 1 4]', "ant"),
        (':local n [:toarray ""]; :set n ($n,"a"); :set n ($n,"b"); :put $n', "a;b"),
        (":foreach i in={1;2;3} do={:put $i}", "1\n2\n3"),
        (":for i from=1 to=3 do={:put $i}", "1\n2\n3"),
        (':do { :error "x" } on-error={ :put tertangkap }', "tertangkap"),
        (":do { /nix } on-error={ :put tertangkap }", "bad command name nix (line 1 column 8)"),
        (':if ([/system identity get name] ~ "^rt") do={:put ya} else={:put tidak}', "ya"),
        (':put [/interface ethernet find where name~"ether[12]" and !disabled]', "*1;*2"),
        (':put "a\\24\\5C\\C3\\A9 \\"b\\""', 'a$\\é "b"'),
        ("/system/identity/print", "  name: rt-7"),
        ("/system identity print", "  name: rt-7"),
        (':put ([/ip service print as-value where name=ssh]->0->"port")', "22"),
        ("/ip service print count-only", "6"),
    ],
)
def test_what_version_7_answers(lab: DeviceLab, line: str, answer: str) -> None:
    told = asked(lab, "rt-7", line).rstrip()
    assert answer in told if answer else told.startswith("missing value(s)") or not told


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/system/identity/print", "expected end of command (line 1 column 8)"),
        ("/routing table print", "bad command name routing (line 1 column 2)"),
        ("/interface wifi print", "bad command name wifi (line 1 column 12)"),
        ("/system clock print", "/2026"),
    ],
)
def test_what_version_6_answers(lab: DeviceLab, line: str, answer: str) -> None:
    assert answer in asked(lab, "rt-6", line)


def test_nothing_runs_of_a_line_that_cannot_be_read(lab: DeviceLab) -> None:
    asked(lab, "rt-7", "/ip pool add name=half ranges=10.1.1.1-10.1.1.9; /nix")
    assert asked(lab, "rt-7", ":put [:len [/ip pool find where name=half]]").strip() == "0"


def test_what_ran_before_a_failure_stays(lab: DeviceLab) -> None:
    line = "/ip pool add name=stays ranges=10.1.1.1-10.1.1.9; /ip address remove 77; :put never"
    assert asked(lab, "rt-7", line).strip() == "no such item"
    line = ":put [:len [/ip pool find where name=stays]]; /ip pool remove stays"
    assert asked(lab, "rt-7", line).strip() == "1"


def test_the_menu_stands_in_the_prompt(lab: DeviceLab) -> None:
    with entered(lab, "rt-7") as session:
        session.send_command(
            "/interface/bridge", expect_string=r"\[provisioner@rt-7\] /interface/bridge> $"
        )
        assert "Columns" not in session.send_command("port print", expect_string=r"bridge> $")
        session.send_command("/", expect_string=r"\[provisioner@rt-7\] > $")
    with entered(lab, "rt-6") as session:
        session.send_command(
            "interface bridge", expect_string=r"\[provisioner@rt-6\] /interface bridge> $"
        )


def test_lines_go_on_until_their_brackets_are_closed(lab: DeviceLab) -> None:
    with entered(lab, "rt-7") as session:
        session.send_command(":if (1 = 1) do={", expect_string=r"\{\.\.\. $")
        session.send_command(":put satu", expect_string=r"\{\.\.\. $")
        assert "satu" in session.send_command("}", expect_string=r"> $")


def test_duplicates_are_refused_only_where_the_device_does(lab: DeviceLab) -> None:
    rule = "/ip firewall filter add chain=forward action=drop comment=dua"
    assert asked(lab, "rt-7", rule, rule).strip() == ""
    assert (
        asked(lab, "rt-7", ":put [:len [/ip firewall filter find where comment=dua]]").strip()
        == "2"
    )
    vlan = "/interface bridge vlan add bridge=bridge1 vlan-ids=99"
    assert asked(lab, "sw-7", vlan).strip() == "failure: vlan already added"
    assert asked(lab, "rt-7", "/ip firewall filter remove [find where comment=dua]").strip() == ""


def test_a_rule_goes_before_another(lab: DeviceLab) -> None:
    first = "[:pick [/ip firewall filter find where chain=forward] 0]"
    asked(
        lab,
        "rt-7",
        f"/ip firewall filter add chain=forward action=drop comment=awal place-before={first}",
    )
    lines = [
        x
        for x in asked(lab, "rt-7", "/ip firewall filter export terse").splitlines()
        if "chain=forward" in x
    ]
    assert "comment=awal" in lines[0]
    assert "fasttrack" in lines[1]
    asked(lab, "rt-7", "/ip firewall filter move [find where comment=awal]")
    lines = asked(lab, "rt-7", "/ip firewall filter export terse").splitlines()
    assert "comment=awal" in lines[-1]
    asked(lab, "rt-7", "/ip firewall filter remove [find where comment=awal]")


def test_a_new_name_is_followed_and_a_lost_one_shows_its_number(lab: DeviceLab) -> None:
    asked(lab, "rt-7", "/interface vlan add name=v5 vlan-id=5 interface=ether2")
    asked(lab, "rt-7", "/ip address add address=10.5.0.1/24 interface=v5")
    asked(lab, "rt-7", "/interface vlan set v5 name=v55")
    assert "interface=v55" in asked(lab, "rt-7", "/ip address print terse")
    asked(lab, "rt-7", "/interface vlan remove v55")
    assert "interface=*" in asked(lab, "rt-7", "/ip address print terse")
    assert "I " in asked(lab, "rt-7", '/ip address print terse where address~"10.5"')
    asked(lab, "rt-7", "/ip address remove [find where address=10.5.0.1/24]")
