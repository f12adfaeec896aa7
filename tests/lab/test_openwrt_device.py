"""A simulated access point: what is on the air, what outlives a session or a reboot, mishaps."""

from __future__ import annotations

import pytest

from provisioner.lab.devices.device import SessionEndedError
from tests.lab.openwrt_ground import AccessPoint, with_access_point

PUT_ON = """
uci set network.acara=interface
uci set network.acara.device=eth0.301
uci set network.acara.proto=none
uci set wireless.acara0=wifi-iface
uci set wireless.acara0.device=radio0
uci set wireless.acara0.network=acara
uci set wireless.acara0.mode=ap
uci set wireless.acara0.ssid='Acara Kota'
uci set wireless.acara0.encryption=psk2+ccmp
uci set wireless.acara0.key=rahasia-sekali
uci commit
"""


def test_is_on_the_air_only_after_a_reload_and_a_while() -> None:
    async def work(access_point: AccessPoint) -> None:
        device = access_point.device
        await access_point.run(PUT_ON)
        assert device.announced == frozenset()
        await access_point.run("/etc/init.d/network reload")
        assert device.announced == frozenset()
        await access_point.up()
        assert device.announced == {"Acara Kota"}
        assert '"ssid": "Acara Kota"' in await access_point.out("wifi status")
        assert await access_point.out("ubus list 'hostapd.*'") == "hostapd.phy0-ap0\n"
        status = await access_point.out("ubus call hostapd.phy0-ap0 get_status")
        assert '"status": "ENABLED"' in status
        assert 'ESSID: "Acara Kota"' in await access_point.out("iwinfo phy0-ap0 info")
        assert "ssid Acara Kota" in await access_point.out("iw dev")
        assert "eth0.301" in await access_point.out("ls /sys/class/net")
        assert '"interface": "acara"' in await access_point.out("ubus call network.interface dump")

    with_access_point(work)


@pytest.mark.parametrize(
    "change",
    [
        "wireless.acara0.key=short",
        "wireless.acara0.key=",
        "wireless.acara0.device=radio7",
        "wireless.acara0.network=nowhere",
        "wireless.acara0.network=",
        "wireless.acara0.encryption=wep9",
        "wireless.acara0.ssid=" + "x" * 33,
        "wireless.acara0.disabled=1",
        "wireless.radio0.disabled=1",
    ],
)
def test_what_is_not_valid_is_not_on_the_air(change: str) -> None:
    async def work(access_point: AccessPoint) -> None:
        await access_point.run(f"{PUT_ON}uci set {change}\nuci commit\nwifi reload")
        await access_point.up()
        assert access_point.device.announced == frozenset()

    with_access_point(work)


def test_a_reload_takes_down_only_the_radio_that_changed() -> None:
    async def work(access_point: AccessPoint) -> None:
        radios = access_point.device.radios
        await access_point.run(
            "uci set wireless.default_radio1.disabled=0; uci commit; wifi reload"
        )
        await access_point.up()
        radios.clients_join("phy1-ap0", 12)
        before = dict(radios.restarts)
        await access_point.run(f"{PUT_ON}wifi reload; wifi reload")
        await access_point.up()
        assert radios.stations["phy1-ap0"].clients == 12
        assert radios.restarts["radio0"] == before.get("radio0", 0) + 1
        await access_point.run("wifi")
        await access_point.up()
        assert radios.stations["phy1-ap0"].clients == 0

    with_access_point(work)


def test_a_detached_process_goes_on_after_its_session() -> None:
    async def work(access_point: AccessPoint) -> None:
        files = access_point.device.system.files
        await access_point.run("(sleep 30; echo late >/tmp/late) >/dev/null 2>&1 </dev/null &")
        assert files.find("/tmp/late") is None
        await access_point.until(lambda: files.find("/tmp/late") is not None)
        out = await access_point.out(
            "printf 'sleep 600; touch /tmp/never' >/tmp/job; "
            "start-stop-daemon -S -b -m -p /tmp/pid -x /bin/sh -- /tmp/job\n"
            "pid=$(cat /tmp/pid); [ -d /proc/$pid ] && echo runs; "
            "start-stop-daemon -K -q -p /tmp/pid; kill -0 $pid 2>/dev/null || echo gone"
        )
        assert out == "runs\ngone\n"
        out = await access_point.out("sleep 600 & kill $!; wait $!; echo $?")
        assert out == "143\n"

    with_access_point(work)


def test_a_stuck_timer_never_comes_back() -> None:
    async def work(access_point: AccessPoint) -> None:
        access_point.ground.timers = False
        await access_point.run("(sleep 1; touch /tmp/late) & sleep 20")
        assert access_point.device.system.files.find("/tmp/late") is None

    with_access_point(work)


def test_a_reboot_keeps_the_flash_and_runs_what_is_enabled() -> None:
    async def work(access_point: AccessPoint) -> None:
        device = access_point.device
        with pytest.raises(SessionEndedError):
            await access_point.run(
                f"{PUT_ON}wifi reload; echo x >/tmp/x; uci set system.@system[0].hostname=renamed\n"
                "cat >/etc/init.d/mine <<'X'\n#!/bin/sh /etc/rc.common\nSTART=11\n"
                "boot() {\n\tuci -q get system.@system[0].hostname >/etc/before-the-network\n"
                "\tiwinfo >>/etc/before-the-network\n}\nX\n"
                "chmod 755 /etc/init.d/mine; /etc/init.d/mine enable; ls /etc/rc.d\n"
                "(sleep 6000; touch /etc/never) &\nreboot"
            )
        await access_point.until(lambda: access_point.ground.cut == 1)
        await access_point.up()
        assert device.system.files.find("/tmp/x") is None
        assert device.tree("/etc")["/etc/before-the-network"] == b"ap-1\n"
        assert device.announced == {"Acara Kota"}
        assert ("sleep", "6000") not in device.processes
        assert len(device.processes) == 0
        assert await access_point.out("uci changes") == ""
        assert (await access_point.run("/etc/init.d/mine enabled"))[2] == 0
        await access_point.run("/etc/init.d/mine disable")
        assert "S11mine" not in await access_point.out("ls /etc/rc.d")
        assert (await access_point.run("/etc/init.d/mine enabled"))[2] == 1

    with_access_point(work)


def test_without_power_what_was_not_synced_is_lost() -> None:
    async def work(access_point: AccessPoint) -> None:
        await access_point.run("echo a >/etc/a; sync; echo b >/etc/b")
        access_point.device.reboot()
        await access_point.until(lambda: access_point.device.up)
        await access_point.up()
        assert await access_point.out("ls /etc/a /etc/b 2>/dev/null") == "/etc/a\n"

    with_access_point(work)


def test_the_hostname_follows_its_configuration_when_reloaded() -> None:
    async def work(access_point: AccessPoint) -> None:
        await access_point.run("uci set system.@system[0].hostname=lain; uci commit")
        assert await access_point.out("uname -n") == "ap-1\n"
        await access_point.run("reload_config")
        assert await access_point.out("cat /proc/sys/kernel/hostname") == "lain\n"
        assert '"hostname": "lain"' in await access_point.out("ubus call system board")

    with_access_point(work)


def test_losing_its_own_address_makes_it_unreachable_until_it_is_back() -> None:
    async def work(access_point: AccessPoint) -> None:
        device = access_point.device
        await access_point.run(
            "cp /etc/config/network /etc/kept; uci del_list network.@device[0].ports=eth0\n"
            "uci commit; ( sleep 5; cp /etc/kept /etc/config/network; ubus call network reload ) &"
        )
        assert device.manageable()
        await access_point.run("/etc/init.d/network reload")
        assert not device.manageable()
        await access_point.until(device.manageable)

    with_access_point(work)


def test_a_dropped_session_ends_the_script_unless_it_ignores_that() -> None:
    script = "touch /tmp/1\ntouch /tmp/2\ntouch /tmp/3\n"

    async def work(access_point: AccessPoint) -> None:
        files = access_point.device.system.files
        access_point.ground.drop_after = 2
        with pytest.raises(SessionEndedError):
            await access_point.run(script)
        await access_point.until(lambda: not access_point.device.processes)
        assert files.names("/tmp")[:2] == [".uci", "1"]
        assert files.find("/tmp/2") is not None
        assert files.find("/tmp/3") is None

        access_point.ground.lines.clear()
        access_point.ground.drop_after = 2
        with pytest.raises(SessionEndedError):
            await access_point.run(
                f"trap '' HUP PIPE\nrm -f /tmp/?\n{script}echo told\ntouch /tmp/4"
            )
        await access_point.until(lambda: not access_point.device.processes)
        assert files.find("/tmp/4") is not None

    with_access_point(work)


def test_a_command_that_is_refused_fails_and_a_reboot_stops_everything() -> None:
    async def work(access_point: AccessPoint) -> None:
        files = access_point.device.system.files
        access_point.ground.reject = "uci commit"
        assert (await access_point.run("uci commit; echo $?"))[:2] == ("1\n", "refused\n")
        access_point.ground.reject = None
        access_point.ground.lines.clear()
        access_point.ground.reboot_after = 1
        with pytest.raises(SessionEndedError):
            await access_point.run("trap '' HUP PIPE; touch /etc/1; sync; touch /etc/2; sync")
        await access_point.up()
        assert files.find("/etc/1") is None
        assert files.find("/etc/2") is None

    with_access_point(work)


def test_only_what_writes_counts_as_a_change() -> None:
    async def work(access_point: AccessPoint) -> None:
        await access_point.run(
            "x=1; [ -d /etc ] && echo $x; uci show network | grep -c lan\n"
            "uci set a.b=c 2>/dev/null; echo y >/tmp/y; cat /tmp/y; cp /tmp/y /tmp/z\n"
            "/etc/init.d/network reload"
        )
        assert access_point.ground.lines == [
            "uci show network",
            "grep -c lan",
            "uci set a.b=c 2>/dev/null",
            "echo y >/tmp/y",
            "cat /tmp/y",
            "cp /tmp/y /tmp/z",
            "/etc/init.d/network reload",
        ]
        assert access_point.ground.changes == [
            "uci set a.b=c 2>/dev/null",
            "echo y >/tmp/y",
            "cp /tmp/y /tmp/z",
            "/etc/init.d/network reload",
        ]

    with_access_point(work)


def test_locks_umask_and_unknown_commands() -> None:
    async def work(access_point: AccessPoint) -> None:
        assert (await access_point.run("foo; echo $?"))[:2] == ("127\n", "ash: foo: not found\n")
        assert (await access_point.run("/etc/passwd; echo $?"))[0] == "126\n"
        out = await access_point.out(
            "umask 077; touch /tmp/s; mkdir /tmp/d; ls -l /tmp | grep ' [sd]$'"
        )
        assert [line[:10] for line in out.splitlines()] == ["drwx------", "-rw-------"]
        out = await access_point.out(
            "( exec 9>/tmp/l; flock 9; sleep 3; echo one >>/tmp/o ) & sleep 1\n"
            "exec 9>/tmp/l; flock -n 9 || echo busy; flock 9; echo two >>/tmp/o; cat /tmp/o"
        )
        assert out == "busy\none\ntwo\n"
        out = await access_point.out(
            "flock 8 8>/tmp/m; sleep 60 8>&- & flock -n 8 8>/tmp/m && echo free"
        )
        assert out == "free\n"

    with_access_point(work)
