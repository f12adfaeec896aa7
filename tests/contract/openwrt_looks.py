"""An OpenWrt access point and a router of the lab, to be examined and helped."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import asyncssh

from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.network import Examination, Inquiry, Remedied, Remedy
from provisioner.drivers.platforms.openwrt import OpenWrtPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import StepFailure
from provisioner.lab.devices.lab import DeviceLab
from provisioner.lab.devices.plan import CampusPlan, DevicePlan
from provisioner.lab.openwrt import router
from provisioner.lab.openwrt.device import OpenWrtDevice
from provisioner.settings import DeviceSettings
from tests.contract.openwrt_stage import until

SECRET = "sangat rahasia 1"
ASKED = Inquiry(pings=("1.1.1.1", "192.0.2.1"), names=("kominfo.go.id",))
SCOPE = "10.40.12.0/24"
_ON_AIR = f"""
config wifi-iface 'acara'
	option device 'radio1'
	option network 'lan'
	option mode 'ap'
	option ssid "Rapat Jum'at"
	option encryption 'psk2'
	option key '{SECRET}'
"""
_SCOPE = """
config interface 'prov_net_scope'
	option device 'br-lan.412'
	option proto 'static'
	option ipaddr '10.40.12.1'
	option netmask '255.255.255.0'
"""
_DHCP = """
config dhcp 'prov_net_scope'
	option interface 'prov_net_scope'
	option start '50'
	option limit '20'
"""


class Stage:
    """An access point (ap-0) and a router (ap-1), with nothing between them."""

    def __init__(self, lab: DeviceLab, platform: OpenWrtPlatform) -> None:
        self.lab, self.platform = lab, platform

    def device(self, name: str) -> OpenWrtDevice:
        device = self.lab.device(name)
        assert isinstance(device, OpenWrtDevice)
        return device

    def ask(self, name: str = "ap-0", inquiry: Inquiry = ASKED) -> Examination | StepFailure:
        return self.platform.examine({name: inquiry})[name]

    def seen(self, name: str = "ap-0", inquiry: Inquiry = ASKED) -> Examination:
        found = self.ask(name, inquiry)
        assert isinstance(found, Examination), str(found)
        return found

    def do(self, name: str, remedy: Remedy) -> Remedied | StepFailure:
        return self.platform.remedy({name: remedy})[name]


def _prepared(stage: Stage) -> None:
    ap, rt = stage.device("ap-0"), stage.device("ap-1")
    ap.neighbours["eth0"] = ("sw-1", "GigabitEthernet1/0/1")
    rt.neighbours |= {"lan1": ("sw-1", "GigabitEthernet1/0/2"), "wan": ("isp", "1")}
    files = router.configuration(rt.address, rt.netmask)
    network = files["network"].replace("\tlist ports 'lan3:u*'\n", "") + _SCOPE
    network += (
        "\nconfig bridge-vlan\n\toption device 'br-lan'\n\toption vlan '412'\n"
        "\toption name 'PROV-NET'\n\tlist ports 'lan1:t'\n\tlist ports 'lan3:u*'\n"
    )
    rt.refit({**files, "network": network, "dhcp": files["dhcp"] + _DHCP}, router.PORTS)
    path = "/etc/config/wireless"
    ap.system.files.write(path, ap.system.files.read(path) + _ON_AIR.encode())
    ap.radios.restart()


@contextmanager
def looked_at(directory: Path) -> Iterator[Stage]:
    """An access point with a wireless network, a router with a scope."""
    identity = asyncssh.generate_private_key("ssh-ed25519")
    plan = CampusPlan(
        devices=(DevicePlan("ap-0", "openwrt"), DevicePlan("ap-1", "openwrt")),
        minute=3,
        authorized_keys=identity.export_public_key("openssh").decode(),
    )
    known = directory / "known_hosts"

    def key() -> str:
        return identity.export_private_key("openssh").decode()

    with DeviceLab(plan) as lab, tempfile.TemporaryDirectory() as memory:
        hosts = {name: replace(host, password=None) for name, host in lab.hosts().items()}
        settings = DeviceSettings(connect=10, command=20)
        sessions = Sessions(lambda: hosts, settings, lab.known_hosts(known), key)
        runner = Runner(Path("playbooks"), known, key, memory=Path(memory))
        stage = Stage(lab, OpenWrtPlatform(sessions, runner))
        lab.call(lambda: _prepared(stage))
        until(lambda: stage.device("ap-0").announced == {"Rapat Jum'at"})
        yield stage
