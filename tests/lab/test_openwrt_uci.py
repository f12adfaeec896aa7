"""uci on a simulated access point: texts, quoting, staged changes, what it refuses."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provisioner.lab.openwrt import uci_files
from tests.lab.openwrt_ground import AccessPoint, with_access_point


def _answers(*commands: str) -> list[tuple[str, str, int]]:
    async def work(access_point: AccessPoint) -> list[tuple[str, str, int]]:
        return [await access_point.run(command) for command in commands]

    return with_access_point(work)


@pytest.mark.parametrize(
    ("command", "out", "err", "status"),
    [
        ("uci get wireless.radio0.band", "2g\n", "", 0),
        ("uci get wireless.radio0", "wifi-device\n", "", 0),
        ("uci get wireless.@wifi-iface[1].device", "radio1\n", "", 0),
        ("uci get wireless.@wifi-iface[-1].device", "radio1\n", "", 0),
        ("uci get system.@system[0].hostname", "ap-1\n", "", 0),
        ("uci get network.@device[0].ports", "eth0\n", "", 0),
        ("uci show network.@device[0].ports", "network.@device[0].ports='eth0'\n", "", 0),
        ("uci show system", None, "", 0),
        ("uci get wireless.none", "", "uci: Entry not found\n", 1),
        ("uci get wireless.radio0.none", "", "uci: Entry not found\n", 1),
        ("uci get nothing.at.all", "", "uci: Entry not found\n", 1),
        ("uci -q get nothing.at.all", "", "", 1),
        ("uci get wireless.@wifi-iface[7].ssid", "", "uci: Entry not found\n", 1),
        ("uci set wireless.none.ssid=x", "", "uci: Invalid argument\n", 1),
        ("uci set wireless.a-b=wifi-iface", "", "uci: Invalid argument\n", 1),
        ("uci set wireless.radio0.a-b=x", "", "uci: Parse error\n", 1),
        ("uci set wireless.radio0.x='a\nb'", "", "uci: Parse error\n", 1),
        ("uci delete wireless.none", "", "uci: Entry not found\n", 1),
        ("uci frobnicate", "", "Usage: uci [<options>] <command> [<arguments>]\n", 255),
    ],
)
def test_answers_as_the_real_one(command: str, out: str | None, err: str, status: int) -> None:
    (answer,) = _answers(command)
    assert answer[1:] == (err, status)
    assert out is None or answer[0] == out


def test_staged_changes_are_not_in_the_file_until_committed() -> None:
    async def work(access_point: AccessPoint) -> None:
        before = access_point.device.configuration()
        await access_point.run(
            "uci set wireless.e=wifi-iface; uci set wireless.e.ssid='Acara'\n"
            "uci add_list network.lan.dns=192.0.2.53; uci delete wireless.default_radio0.network"
        )
        assert access_point.device.configuration() == before
        assert await access_point.out("uci get wireless.e.ssid") == "Acara\n"
        assert await access_point.out("uci changes") == (
            "network.lan.dns+='192.0.2.53'\n"
            "wireless.e='wifi-iface'\nwireless.e.ssid='Acara'\n-wireless.default_radio0.network\n"
        )
        await access_point.run("uci revert network; uci commit wireless")
        assert await access_point.out("uci changes") == ""
        text = access_point.device.configuration()
        assert "config wifi-iface 'e'\n\toption ssid 'Acara'\n" in text
        assert "192.0.2.53" not in text

    with_access_point(work)


def test_lists_rename_reorder_and_batch() -> None:
    async def work(access_point: AccessPoint) -> None:
        _, err, status = await access_point.run(
            "uci batch",
            "set network.acara=interface\nset network.acara.proto='none'\n"
            "add_list network.acara.x=1\nadd_list network.acara.x='2 3'\n# remark\n\n"
            "rename network.acara=event1\nset network.no.such=1\nbogus\n"
            "reorder network.event1=0\ncommit network\n",
        )
        assert err == "uci: Invalid argument\nUnknown command\n"
        assert status == 0
        shown = await access_point.out("uci show network.event1; uci get network.event1.x")
        assert shown == (
            "network.event1=interface\nnetwork.event1.proto='none'\n"
            "network.event1.x='1' '2 3'\n1 2 3\n"
        )
        assert (await access_point.out("uci export network")).startswith(
            "package network\n\nconfig interface 'event1'\n"
        )
        await access_point.run("uci del_list network.event1.x=1; uci commit")
        assert "list x '2 3'" in access_point.device.configuration()

    with_access_point(work)


def test_an_anonymous_section_gets_a_name_of_its_own() -> None:
    async def work(access_point: AccessPoint) -> None:
        one = (await access_point.out("uci add wireless wifi-iface")).strip()
        other = (await access_point.out("uci add wireless wifi-iface")).strip()
        assert one != other
        assert one.startswith("cfg")
        await access_point.run("uci set wireless.@wifi-iface[-1].ssid=last; uci commit")
        assert "wireless.@wifi-iface[3].ssid='last'" in await access_point.out("uci show wireless")

    with_access_point(work)


def test_another_folder_for_the_files_and_for_what_is_staged() -> None:
    async def work(access_point: AccessPoint) -> None:
        before = access_point.device.configuration()
        out = await access_point.out(
            "mkdir /tmp/c /tmp/d; cp /etc/config/wireless /tmp/c\n"
            "uci -c /tmp/c -t /tmp/d set wireless.radio0.channel=11\n"
            "uci -q -c /tmp/c -t /tmp/d commit; uci -c /tmp/c get wireless.radio0.channel"
        )
        assert out == "11\n"
        assert access_point.device.configuration() == before

    with_access_point(work)


def test_a_broken_file_is_said_to_be_one() -> None:
    answer = _answers("echo 'option x 1' >/etc/config/bad; uci show bad")[0]
    assert answer[1].startswith("uci: Parse error (")
    assert answer[2] == 1
    answer = _answers('printf "config a \'b\\n" >/etc/config/bad; uci show bad')[0]
    assert "unterminated" in answer[1]


_TEXTS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from("'\"\\$`;#& \t"), max_size=40
)


@given(_TEXTS.filter(bool))
@example("'; reboot #")
@example("$(reboot)`reboot`")
@example("\\")
@example('it\'s "x"')
def test_any_value_comes_back_as_it_was(value: str) -> None:
    async def work(access_point: AccessPoint) -> None:
        quoted = uci_files.quoted(value)
        _, err, status = await access_point.run(
            f"uci set system.test=t; uci set system.test.v={quoted}"
        )
        assert (err, status) == ("", 0)
        assert await access_point.out("uci get system.test.v") == value + "\n"
        await access_point.run("uci commit system")
        assert await access_point.out("uci get system.test.v") == value + "\n"
        shown = await access_point.out("uci show system.test.v")
        assert shown == f"system.test.v={quoted}\n"
        exported = await access_point.out("uci export system")
        again = uci_files.loads("system", exported).find("test")
        assert again is not None
        assert again.options == {"v": value}
        echoed = await access_point.out(f"x=$(uci get system.test.v); printf '%s' \"$x\" {quoted}")
        assert echoed == value.rstrip("\n") + value
        assert access_point.device.up

    with_access_point(work)
