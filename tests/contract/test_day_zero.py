"""New devices brought up by Ansible over real SSH: shown, carried out, and unchanged again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncssh
import pytest

from provisioner.drivers.ansible.day_zero import BringUp, BroughtUp
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.drivers.ansible.runner import Runner
from provisioner.errors import ActionNeeded, Misconfigured
from provisioner.lab.devices.ios import commands, configuring
from provisioner.lab.devices.ios.switch import IosDevice
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.lab.devices.routeros import RouterOsDevice
from provisioner.lab.openwrt.device import OpenWrtDevice
from provisioner.settings import Settings
from tests.contract.openwrt_stage import PLAYBOOKS, until
from tests.contract.test_ansible_runner import at_work

SECRET = "rahasia-pabrik-4711"
WANTED = """
      day_zero_password: {password}
      day_zero_gateway: 127.32.1.1
      day_zero_ntp: [10.0.0.1]
      day_zero_dns: [10.0.0.2]
      day_zero_syslog: 10.0.0.3
      day_zero_prefix: {address}/24
      day_zero_uplink: GigabitEthernet1/0/24
      day_zero_domain: contoh.go.id
"""


@dataclass
class Office:
    lab: DeviceLab
    hosts: Hosts
    player: BringUp
    inventory: Path


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    identity = asyncssh.generate_private_key("ssh-ed25519")
    plan = CampusPlan(
        devices=(
            DevicePlan("sw-0", archive=False),
            DevicePlan("ap-0", "openwrt"),
            DevicePlan("rt-0", "mikrotik_routeros", role="router"),
        ),
        password=SECRET,
    )
    with DeviceLab(plan) as lab:
        text = "all:\n  hosts:\n"
        for name, host in lab.hosts().items():
            text += (
                f"    {name}:\n      ansible_host: {host.address}\n"
                f"      ansible_port: {host.port}\n"
                f"      provisioner_platform: {host.platform}\n"
                f"      ansible_user: {host.user}\n      ansible_password: untuk-kantor\n"
            ) + WANTED.format(password=SECRET, address=host.address)
            if host.platform != "openwrt":
                text += f"      day_zero_user: {host.user}\n      day_zero_vlan: 99\n"
        inventory = tmp_path / "hosts.yml"
        inventory.write_text(text)
        settings = Settings(base=tmp_path, inventory=[inventory])
        known = lab.known_hosts(tmp_path / "known_hosts")
        key = identity.export_private_key("openssh").decode()
        memory = Path(tempfile.mkdtemp(prefix="t", dir="/dev/shm"))
        runner = Runner(PLAYBOOKS, known, lambda: key, connect=60, command=120, memory=memory)
        hosts = Hosts(settings)
        yield Office(
            lab, hosts, BringUp(hosts, runner, settings.devices, lambda: key), inventory
        )  # fmt: skip
        shutil.rmtree(memory)


def fresh_switch(office: Office) -> None:
    device = office.lab.device("sw-0")
    assert isinstance(device, IosDevice)

    def shown(key: str) -> object:
        """Kept where running-config shows it."""

        def act(terminal: object, line: str) -> str:
            text = f"{key} {line}"
            terminal.running.others[f"ip domain {text}"] = text  # type: ignore[attr-defined]
            return terminal.changed()  # type: ignore[attr-defined,no-any-return]

        return act

    def make() -> None:
        node = commands._CONFIGURE["config"]
        if "clock timezone <line>" not in configuring._global_commands():
            node.add("clock timezone <line>", shown("clock timezone"))  # type: ignore[arg-type]
        device.running.hostname = "Switch"
        device.running.others = {
            "ip http server": "ip http server", "aaa new-model": "aaa new-model",
        }  # fmt: skip
        device.save("factory")

    office.lab.call(make)


def fresh_access_point(office: Office) -> OpenWrtDevice:
    device = office.lab.device("ap-0")
    assert isinstance(device, OpenWrtDevice)
    files = device.system.files

    def make() -> None:
        text = files.read("/etc/config/system").replace(b"'ap-0'", b"'OpenWrt'")
        files.write("/etc/config/system", text)
        script = b"#!/bin/sh /etc/rc.common\nSTART=50\nstop() {\n\tlogger uhttpd stopped\n}\n"
        files.write("/etc/init.d/uhttpd", script, mode=0o755)
        files.sync()
        device._set_hostname(b"OpenWrt")

    office.lab.call(make)
    office.lab.call(lambda: device.system.files.copy("/etc/init.d/uhttpd", "/etc/rc.d/S50uhttpd"))
    return device


def ok(found: object) -> BroughtUp:
    assert isinstance(found, BroughtUp), f"{found!r} {getattr(found, 'log', '')}"
    return found


@pytest.mark.timeout(400)
def test_a_new_switch_is_shown_brought_up_and_then_unchanged(office: Office) -> None:
    fresh_switch(office)
    before = office.lab.configuration("sw-0")
    shown = ok(office.player.run(["sw-0"], check=True)["sw-0"])
    assert shown.changed
    assert {"+hostname sw-0", "+no ip http server", "+ path flash:archive"} <= {
        line.replace("+path", "+ path") for line in shown.lines
    }
    assert office.lab.configuration("sw-0") == before
    assert ok(office.player.run(["sw-0"])["sw-0"]).changed
    text = office.lab.configuration("sw-0")
    assert "ip http server" not in text.replace("no ip http server", "")
    for line in ("hostname sw-0", " path flash:archive", "ntp server 10.0.0.1", "lldp run"):
        assert line in text.splitlines()
    assert "username provisioner privilege 15 secret 9 $9$" in text
    device = office.lab.device("sw-0")
    assert isinstance(device, IosDevice)
    assert device.startup.lines() == device.running.lines(), "saved"
    assert not ok(office.player.run(["sw-0"])["sw-0"]).changed
    assert SECRET not in "".join(office.lab.lines("sw-0"))
    until(lambda: office.lab.sessions_open["sw-0"] == 0)  # its connection processes are gone
    assert at_work(office.player._runner) == []


@pytest.mark.timeout(300)
def test_a_new_access_point_is_shown_brought_up_and_then_unchanged(office: Office) -> None:
    device = fresh_access_point(office)
    tree = office.lab.call(device.tree)
    shown = ok(office.player.run(["ap-0"], check=True)["ap-0"])
    assert shown.changed
    assert "+\toption hostname 'ap-0'" in shown.lines
    assert office.lab.call(device.tree) == tree
    assert ok(office.player.run(["ap-0"])["ap-0"]).changed
    now = office.lab.call(device.tree)
    assert b"ssh-ed25519 " in now["/etc/dropbear/authorized_keys"]
    assert b"option PasswordAuth 'off'" in now["/etc/config/dropbear"]
    assert b"list server '10.0.0.1'" in now["/etc/config/system"]
    assert "/etc/rc.d/S50uhttpd" not in now
    assert device.hostname == "ap-0"
    assert not ok(office.player.run(["ap-0"])["ap-0"]).changed


@pytest.mark.timeout(400)
def test_a_new_router_is_shown_brought_up_and_then_unchanged(office: Office) -> None:
    text = office.inventory.read_text()
    head, at, tail = text.partition("    rt-0:")
    tail = tail.replace("ansible_user: provisioner", "ansible_user: petugas")
    for line in ("day_zero_gateway: 127.32.1.1", "day_zero_syslog: 10.0.0.3"):
        tail = tail.replace(line, "day_zero_time_zone: Asia/Jayapura")
    office.inventory.write_text(
        head + at + tail.replace("GigabitEthernet1/0/24", "ether2").replace(
            "      day_zero_time_zone: Asia/Jayapura\n", "", 1)
    )  # fmt: skip
    device = office.lab.device("rt-0")
    assert isinstance(device, RouterOsDevice)
    office.lab.call(
        lambda: device.store.singles.__setitem__("system identity", {"name": "MikroTik"})
    )
    before = office.lab.configuration("rt-0")
    shown = ok(office.player.run(["rt-0"], check=True)["rt-0"])
    assert {'+/system identity set name="rt-0"', "+/ip ssh set strong-crypto=yes"} <= {*shown.lines}
    assert office.lab.configuration("rt-0") == before
    assert ok(office.player.run(["rt-0"])["rt-0"]).changed
    now = office.lab.configuration("rt-0")
    assert "set winbox disabled=yes" in now
    assert [user.values["name"] for user in device.store.items("user")][-1] == "petugas"
    assert not ok(office.player.run(["rt-0"])["rt-0"]).changed


@pytest.mark.timeout(300)
def test_what_may_not_be_touched(office: Office) -> None:
    device = fresh_access_point(office)
    office.lab.call(lambda: device._set_hostname(b"ap-lain"))
    found = office.player.run(["ap-0", "ap-9"])
    assert isinstance(found["ap-0"], ActionNeeded)
    assert "ap-lain" in str(found["ap-0"])
    assert isinstance(found["ap-9"], ActionNeeded)
    text = office.inventory.read_text()
    office.inventory.write_text(text.replace("10.0.0.3", "bukan alamat"))
    with pytest.raises(Misconfigured) as caught:
        office.player.run(["ap-0"])
    assert "day_zero_syslog" in str(caught.value)
    assert "bukan" not in str(caught.value)
