"""One VM from clone to login and gone again, by the ordinary configuration: does this lab work?"""

from __future__ import annotations

import time
from collections.abc import Iterator

import asyncssh

from provisioner.catalogue import load_inventory
from provisioner.drivers.hypervisor import (
    Clone,
    Configure,
    Destroy,
    GrowDisk,
    Machine,
    Order,
    PowerOff,
    PowerOn,
    TemplateKey,
)
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.drivers.seat import Door
from provisioner.drivers.ssh import SshSeat
from provisioner.errors import Mistake
from provisioner.settings import Settings
from provisioner.texts import Message, say

PATIENCE = 60.0
_MARK = "lab test"
_USER = "tester"


def trial(settings: Settings, name: str) -> Iterator[tuple[Message, float]]:
    """Do it on the cluster of that name; each step with its seconds as it is done.

    Raises Mistake, or what the drivers raise, at the first step that fails. The VM it made is
    destroyed in any case.
    """
    cluster = settings.clusters[name]
    networks = load_inventory(settings).network.networks.values()
    network = next(network for network in networks if network.cluster == name)
    address = str(list(network.addresses())[-1])
    driver = ProxmoxCluster(
        name, cluster, lambda: settings.secret(cluster.token_secret), settings.base
    )
    try:
        yield from _Trial(driver, SshSeat(lambda: settings.secret(settings.ssh.identity))).run(
            cluster.vmid_range[1],
            f"ip={address}/{network.cidr.prefixlen},gw={network.gateway}",
            (address, network.ssh_port),
            settings.secret(settings.ssh.identity),
        )
    finally:
        driver.close()


class _Trial:
    def __init__(self, driver: ProxmoxCluster, seat: SshSeat) -> None:
        self._driver = driver
        self._seat = seat
        self._since = time.monotonic()

    def _done(self, what: Message) -> tuple[Message, float]:
        since, self._since = self._since, time.monotonic()
        return what, self._since - since

    def _carry_out(self, order: Order) -> None:
        handle = self._driver.submit(order)
        deadline = time.monotonic() + PATIENCE
        while (state := self._driver.task(handle)).status == "running":
            if time.monotonic() > deadline:
                raise Mistake(say("A task of the cluster does not end: %(task)s", task=handle.id))
            time.sleep(0.05)
        if state.status == "failed":
            raise Mistake(say("A task of the cluster failed: %(why)s", why=state.exit))

    def run(
        self, vmid: int, ipconfig: str, door: tuple[str, int], identity: str
    ) -> Iterator[tuple[Message, float]]:
        template = self._driver.facts((TemplateKey(vmid=9000),)).templates[0]
        yield self._done(say("The cluster tells its facts."))
        node = template.node
        public = asyncssh.import_private_key(identity).export_public_key().decode().strip()
        try:
            self._carry_out(Clone(template.vmid, node, vmid, node, "lab-test", _MARK, "linked"))
            yield self._done(say("A VM is cloned."))
            options = {"ciuser": _USER, "ipconfig0": ipconfig, "sshkeys": public}
            self._carry_out(Configure(vmid, node, options))
            self._carry_out(GrowDisk(vmid, node, template.disk, int(template.disk_gb) + 1))
            yield self._done(say("It is configured and its disk has grown."))
            self._carry_out(PowerOn(vmid, node))
            yield self._done(say("It is started."))
            host_key = self._booted(self._machine(vmid), door[0])
            yield self._done(say("It has booted and its agent tells the planned address."))
            answer = self._seat.login(Door(*door, _USER, host_key), "hostname")
            if answer.output.strip() != "lab-test":
                raise Mistake(say("The login gave %(answer)s.", answer=repr(answer.output)))
            yield self._done(say("A login over SSH works."))
        finally:
            self._remove(vmid)
        yield self._done(say("It is destroyed."))

    def _machine(self, vmid: int) -> Machine:
        machine = self._driver.machine(vmid)
        if machine is None:
            raise Mistake(say("VM %(vmid)s is not there.", vmid=vmid))
        return machine

    def _booted(self, machine: Machine, address: str) -> str:
        deadline = time.monotonic() + PATIENCE
        while True:
            report = self._driver.guest(machine)
            if address in report.addresses and report.cloud_init in ("done", "error"):
                return report.host_keys[0]
            if time.monotonic() > deadline:
                raise Mistake(say("The guest does not boot: %(why)s", why=report.detail))
            time.sleep(0.1)

    def _remove(self, vmid: int) -> None:
        machine = self._driver.machine(vmid)
        if machine is not None and machine.description == _MARK:
            self._carry_out(PowerOff(vmid, machine.node))
            self._carry_out(Destroy(vmid, machine.node, machine.uuid, machine.description))
