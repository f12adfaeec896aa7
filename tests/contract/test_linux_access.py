"""Who is let in to a Linux host, and what is never told; full and silent ones; its radios."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from provisioner.drivers.network import Applied, Confirmed, Order, Reading, Reverted, Ssid, Wish
from provisioner.errors import ActionNeeded, Refused, Retriable
from tests.contract.linux_stage import WANTED, Stage, staged
from tests.dataplane.campus import ROUTER, SWITCH, TECHNICIAN, TECHNICIANS_PASSWORD, Campus
from tests.dataplane.conftest import ground, standing

__all__ = ["ground", "standing"]  # fixtures
pytestmark = pytest.mark.xdist_group("dataplane")
KEY = "kunci 'rahasia' $HOME"
NETWORK = Ssid("WIFI-2026-0001", "Rapat #1 “aula”", "wpa2-personal", 412, "lan", isolate=True)


@pytest.fixture
def stage(ground: Campus) -> Iterator[Stage]:
    with staged(ground, connect=2) as made:
        yield made


def refusal(stage: Stage, host: str = SWITCH) -> ActionNeeded:
    found = stage.platform.read({host: WANTED[host]})[host]
    assert isinstance(found, ActionNeeded), found
    assert found.who == "administrator"
    return found


# ---------------------------------------------------------------- let in


def test_only_the_key_on_record_is_spoken_to(stage: Stage) -> None:
    keys = stage.campus.keys
    name, right = keys[SWITCH].split(" ", 1)
    stage.campus.known_hosts.write_text("")
    assert "not known" in str(refusal(stage).what)
    stage.campus.known_hosts.write_text(f"{name} {keys[ROUTER].split(' ', 1)[1]}")
    assert "another host key" in str(refusal(stage).what)
    stage.campus.known_hosts.write_text(f"{name} {right}")
    stage.read(SWITCH)


def test_a_technician_becomes_root_by_a_password_that_nobody_sees(stage: Stage) -> None:
    stage.change(SWITCH, user=TECHNICIAN)
    assert "privileges" in str(refusal(stage).what)
    stage.change(SWITCH, become_password="salah-RAHASIA")
    assert "RAHASIA" not in repr(refusal(stage).to_json())
    stage.change(SWITCH, become_password=TECHNICIANS_PASSWORD)
    order = stage.order(SWITCH)
    applied = stage.apply(order)
    assert isinstance(applied, Applied)
    assert TECHNICIANS_PASSWORD not in applied.transcript
    assert stage.platform.confirm({SWITCH: order}) == {SWITCH: Confirmed(True)}
    assert stage.read(SWITCH).objects == {i.key: i for i in WANTED[SWITCH]}
    found = stage.campus.switch.does("grep -rF kata-sandi /etc /run /var/log")
    assert not found, "nowhere on the host"


def test_a_technician_who_needs_no_password_sends_none(stage: Stage) -> None:
    sudoers = f"/etc/sudoers.d/{TECHNICIAN}"
    stage.campus.switch.run(f"sed -i 's/) ALL$/) NOPASSWD: ALL/' {sudoers}")
    try:
        stage.change(SWITCH, user=TECHNICIAN, become_password="touch /run/ran")
        stage.read(SWITCH)
        assert not stage.campus.switch.does("ls /run/ran")
    finally:
        stage.campus.switch.run(f"sed -i 's/NOPASSWD: //' {sudoers}")


def test_an_unknown_user_is_for_the_administrator(stage: Stage) -> None:
    stage.change(SWITCH, user="nobody-here")
    assert "log in" in str(refusal(stage).what)


def test_a_full_host_and_a_silent_one_are_tried_again(stage: Stage) -> None:
    port = stage.hosts[SWITCH].port
    half_open = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for each in half_open:
        each.recv(4)
    assert isinstance(stage.platform.read({SWITCH: ()})[SWITCH], Retriable)
    for each in half_open:
        each.close()
    os.kill(stage.campus.switch.pid, signal.SIGSTOP)
    try:
        found = stage.platform.read({SWITCH: (), ROUTER: ()})
    finally:
        os.kill(stage.campus.switch.pid, signal.SIGCONT)
    assert isinstance(found[SWITCH], Retriable)
    assert isinstance(found[ROUTER], Reading), "one silent host does not stop the others"


# ---------------------------------------------------------------- radios


@pytest.fixture
def radios(stage: Stage) -> Iterator[Stage]:
    """The router has two radios, and a hostapd that only notes what it is started with."""
    stage.campus.router.run(r"""
mkdir -p /etc/hostapd && cd /etc/hostapd
printf 'interface=wlan0\nhw_mode=g\nssid=Kantor\nwpa_passphrase=kunci-kantor\n' > kantor.conf
printf 'interface=wlan1\nhw_mode=a\nssid=Kantor\n' > lima.conf
chmod 640 kantor.conf
printf '#!/bin/sh\n' > /usr/local/sbin/hostapd
printf '#!/bin/sh\ncat /proc/[0-9]*/cmdline > /run/cmdlines\n' > /etc/init.d/hostapd
chmod 755 /usr/local/sbin/hostapd /etc/init.d/hostapd
""")
    stage.keys["WIFI-2026-0001"] = KEY
    yield stage
    stage.campus.router.run("rm -rf /etc/hostapd /usr/local/sbin/hostapd /etc/init.d/hostapd")


def office_and_ours(stage: Stage) -> str:
    return stage.campus.router.run("cat /etc/hostapd/*.conf; stat -c %a /etc/hostapd/*")


def test_a_network_stands_beside_the_offices_own_and_goes_alone(radios: Stage) -> None:
    before, files = radios.configuration(ROUTER), office_and_ours(radios)
    order = radios.put(ROUTER, [NETWORK])
    assert radios.read(ROUTER, [NETWORK]).objects == {NETWORK.key: NETWORK}
    text = office_and_ours(radios)
    assert text.count(f"wpa_passphrase={KEY}") == 2
    assert text.count(f"ssid2={NETWORK.ssid.encode().hex()}") == 2
    assert text.count("ap_isolate=1") == 2
    assert "ssid=Kantor" in text
    said = repr(order.preview) + radios.configuration(ROUTER)
    assert "rahasia" not in said
    assert "kunci-kantor" not in said
    assert b"rahasia" not in radios.campus.router.path("/run/cmdlines").read_bytes()
    assert radios.platform.revert({ROUTER: order}) == {ROUTER: Reverted("undo")}
    assert radios.configuration(ROUTER) == before
    assert office_and_ours(radios) == files


def test_removed_and_taken_back_it_has_its_key_again(radios: Stage) -> None:
    radios.put(ROUTER, [NETWORK])
    before = office_and_ours(radios)
    order = radios.order(ROUTER, [NETWORK], present=False)
    assert isinstance(radios.apply(order), Applied)
    assert radios.read(ROUTER, [NETWORK]).objects == {NETWORK.key: None}
    assert radios.platform.revert({ROUTER: order}) == {ROUTER: Reverted("timer")}
    assert office_and_ours(radios) == before
    order = replace(order, minutes=0)
    radios.apply(order)
    assert radios.platform.revert({ROUTER: order}) == {ROUTER: Reverted("undo")}
    assert office_and_ours(radios) == before


def test_another_key_is_noticed_and_set(radios: Stage) -> None:
    radios.put(ROUTER, [NETWORK])
    radios.keys["WIFI-2026-0001"] = "kunci lain"
    assert radios.read(ROUTER, [NETWORK]).objects == {NETWORK.key: replace(NETWORK, keyed=False)}
    radios.put(ROUTER, [NETWORK])
    assert radios.read(ROUTER, [NETWORK]).objects == {NETWORK.key: NETWORK}
    assert office_and_ours(radios).count("wpa_passphrase=kunci lain") == 2


def test_bands_and_security_and_what_cannot_be_said(radios: Stage) -> None:
    five = replace(NETWORK, band="5", security="wpa3-personal")
    radios.put(ROUTER, [five])
    text = office_and_ours(radios)
    assert text.count(f"sae_password={KEY}") == 1
    assert "bss=wlan1p412" in text
    assert "wlan0p412" not in text
    opened = replace(NETWORK, security="open", keyed=True)
    radios.put(ROUTER, [opened])
    assert KEY not in office_and_ours(radios)
    assert radios.read(ROUTER, [opened]).objects == {opened.key: opened}
    radios.put(ROUTER, [opened], present=False)
    preview = radios.platform.preview(radios.read(ROUTER, [NETWORK]), [Wish(NETWORK)])
    for keys, failure in (({}, ActionNeeded), ({NETWORK.mark: "short"}, Refused)):
        found = radios.apply(Order(preview, "token", 5, keys))
        assert isinstance(found, failure)
    for wrong in (replace(NETWORK, ssid="a\nb"), replace(NETWORK, mark="x; rm"), replace(
        NETWORK, uplink="$(id)"
    )):  # fmt: skip
        with pytest.raises(Refused):
            radios.platform.preview(radios.read(ROUTER, [wrong]), [Wish(wrong)])
