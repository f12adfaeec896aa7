"""What stands when the lab starts, and faults that change what stands."""

from __future__ import annotations

import socket
import uuid
from typing import Any

from fakepve.lxc import random_mac
from fakepve.qemu import split_drive

from provisioner.lab.agent import Agent
from provisioner.lab.base import LabVm, Vm
from provisioner.lab.configuration import CLOUD_INIT_BYTES
from provisioner.lab.faults import Fault
from provisioner.lab.plan import GIB, MIB, LabGuest, LabNode, LabPlan

CROWD = "crowd"
_NODE_AWAY = ("node-offline", "node-gone")


class Mishaps(Agent):
    """VMs put there without a task, and the faults that strike at once."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self._hidden: dict[int, Vm] = {}
        self._extra: dict[int, socket.socket] = {}

    async def shut(self, node: str) -> None:
        """Stop listening for a node."""
        raise NotImplementedError

    async def open(self, node: str, port: int) -> None:
        """Listen for a node."""
        raise NotImplementedError

    def show_certificates(self) -> None:
        """Show the certificates that the faults ask for."""
        raise NotImplementedError

    # ------------------------------------------------------------ contents

    def stand(self, guest: LabGuest) -> Vm:
        """Put a VM there, disks included, without any task."""
        vm = LabVm(guest.vmid, guest.name, node=guest.node, template=guest.template)
        word = "base" if guest.template else "vm"
        size = guest.disk_gb * GIB
        share = 0.7 if guest.template else 0.4
        disk = self._put(guest, f"{word}-{guest.vmid}-disk-0", size, int(size * share))
        vm.config = {
            "agent": "1",
            "boot": "order=scsi0",
            "cores": guest.cores,
            "memory": str(guest.memory_mb),
            "meta": "creation-qemu=10.0.13,ctime=1795310559",
            "name": guest.name,
            "net0": f"virtio={random_mac()},bridge={self.plan.network.bridge},firewall=1",
            "ostype": "l26",
            "scsi0": f"{disk},size={guest.disk_gb}G",
            "scsihw": "virtio-scsi-single",
            "serial0": "socket",
            "smbios1": f"uuid={uuid.uuid4()}",
            "vga": "serial0",
            "vmgenid": str(uuid.uuid4()),
        }
        given = {"tags": guest.tags, "description": guest.description}
        vm.config.update({key: text for key, text in given.items() if text})
        if guest.template:
            drive = self._put(guest, f"vm-{guest.vmid}-cloudinit", CLOUD_INIT_BYTES, MIB)
            vm.config.update(ide2=f"{drive},media=cdrom", template=1)
        elif guest.running:
            vm.status = vm.qmpstatus = "running"
            vm.started_at = self.started - 86400
        self.vms.append(vm)
        if guest.pool:
            self._pool_join(guest.pool, guest.vmid)
        return vm

    def _put(self, guest: LabGuest, name: str, size: int, data: int) -> str:
        file = self.is_file(guest.storage)
        volname = f"{guest.vmid}/{name}.qcow2" if file else name
        self.storages[guest.storage]["volumes"][volname] = {
            "content": "images",
            "format": "qcow2" if file else "raw",
            "size": size,
            "data": data,
            "vmid": guest.vmid,
            "node": self.home(guest.storage, guest.node),
            "parent": None,
            "ctime": int(self.started),
        }
        return f"{guest.storage}:{volname}"

    # -------------------------------------------------------------- faults

    async def set_fault(self, fault: Fault) -> None:
        """Activate a fault, with what has to happen at once."""
        concerned = [n for n in self.nodes if fault.says(node=n) and self.node_online(n)]
        self.faults.add(fault)
        match fault.name:
            case "template-gone":
                vm = self.vm(int(fault.options["vmid"]))
                if vm is not None:
                    self.vms.remove(vm)
                    self._hidden[vm.vmid] = vm
            case "node-offline" | "node-gone":
                for node in concerned:
                    await self.shut(node)
                    if fault.name == "node-gone":
                        await self._die(node)
            case "node-full":
                for full in [n for n in self.plan.nodes if fault.says(node=n.name)]:
                    self._fill(full)
            case "host-key-changed":
                for guest in [g for g in self.guests.values() if fault.says(vmid=g.vmid)]:
                    await guest.show()
            case "certificate-changed":
                self.show_certificates()
            case "vm-locked":
                for vm in [vm for vm in self.vms if fault.says(vmid=vm.vmid) and not vm.lock]:
                    self._qm_lock(vm, fault.options["lock"])
                    vm.left_locked = True
            case "vm-paused" | "snapshot-old" | "task-failed":
                await self.ail(fault)
            case "address-answers":
                port = int(fault.options["port"] or self.plan.network.ssh_port)
                address = (fault.options["address"], port)
                self._extra[fault.number] = socket.create_server(address)  # the kernel answers

    async def _die(self, node: str) -> None:
        """Its tasks break off, its guests lose power."""
        self.break_off(node)
        for vm in [vm for vm in self.vms if vm.node == node and vm.status == "running"]:
            await self.power_down(vm)

    def _fill(self, node: LabNode) -> None:
        """Let a guest of somebody else take all memory of the node, visible at once."""
        vmid = next(i for i in range(90001, 100000) if self.vm(i) is None)
        storage = next(n for n in self.storages if "images" in self.storages[n]["content"])
        memory = int(node.memory_gb * 1024)
        self.stand(LabGuest(vmid, CROWD, node.name, storage, memory_mb=memory, disk_gb=1))
        self.pvestatd(now=True)

    async def clear_faults(self, name: str | None = None) -> list[Fault]:
        """Take faults away and undo what they had done."""
        gone = self.faults.remove(name)
        names = {fault.name for fault in gone}
        if "node-full" in names:
            for vm in [vm for vm in self.vms if vm.name == CROWD]:
                self._forget(vm, [split_drive(vm.config["scsi0"])[0]], unreferenced=False)
            self.pvestatd(now=True)
        if "template-gone" in names:
            self.vms += [self._hidden.pop(v) for v in list(self._hidden)]
        if "host-key-changed" in names:
            for guest in self.guests.values():
                await guest.show()
        if "certificate-changed" in names:
            self.show_certificates()
        if "vm-locked" in names:
            for vm in [vm for vm in self.vms if getattr(vm, "left_locked", False)]:
                self._qm_lock(vm, None)
                vm.left_locked = False
        for fault in gone:
            await self.recover(fault)
            if fault.number in self._extra:
                self._extra.pop(fault.number).close()
        if names & {*_NODE_AWAY}:
            away = [fault for fault in gone if fault.name in _NODE_AWAY]
            for port, node in list(self.listening.items()):
                if any(f.says(node=node) for f in away) and self.node_online(node):
                    await self.open(node, port)
        return gone
