"""What a cluster that is not well shows: clocks, certificates, backups, VMs that stand still."""

from __future__ import annotations

import time
from typing import Any

from fakepve.qemu import drives_of

from provisioner.lab.base import Values, Vm
from provisioner.lab.faults import Fault
from provisioner.lab.guests import Wall
from provisioner.lab.jobs import Jobs
from provisioner.lab.plan import LabPlan

_DAY = 86400
_YEARS = 2 * 365 * _DAY
FORGOTTEN = "forgotten"
"""The name of a snapshot that somebody left."""


class Ailing(Jobs):
    """Readings that faults change, and the few that have to be put there."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self._ended: dict[int, Values] = {}
        """Fault to the task that it made up."""

    def _routes_ailing(self) -> list[Any]:
        node = "/nodes/{node}"
        return [
            ("GET", node + "/time", self._node_time),
            ("GET", node + "/certificates/info", self._node_certificates),
        ]

    async def _node_time(self, v: Values, user: str) -> Values:
        ahead = self.faults.active("node-clock", node=v["node"])
        now = int(time.time() + (float(ahead.options["seconds"]) if ahead else 0))
        return {"localtime": now, "time": now, "timezone": "Etc/UTC"}

    async def _node_certificates(self, v: Values, user: str) -> list[Values]:
        node, begin = v["node"], int(self.started) - 90 * _DAY
        issuer = "/CN=Proxmox Virtual Environment/OU=lab/O=PVE Cluster Manager CA"
        root: Values = {
            "filename": "pve-root-ca.pem",
            "issuer": issuer,
            "notafter": begin + 5 * _YEARS,
            "notbefore": begin,
            "public-key-bits": 4096,
            "public-key-type": "rsaEncryption",
            "subject": issuer,
        }
        own = {
            **root,
            "filename": "pve-ssl.pem",
            "fingerprint": self.fingerprints.get(node, ""),
            "notafter": self._certificate_end(node, begin + _YEARS),
            "public-key-bits": 2048,
            "san": ["127.0.0.1", "localhost", node],
            "subject": f"/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN={node}",
        }
        return [root, own]

    def _certificate_end(self, node: str, usual: int) -> int:
        ended = self.faults.active("certificate-expired", node=node)
        if ended:
            return int(time.time() - float(ended.options["days"]) * _DAY)
        soon = self.faults.active("certificate-expiring", node=node)
        return int(time.time() + float(soon.options["days"]) * _DAY) if soon else usual

    # ------------------------------------------------------------- backups

    async def _content_list(self, v: Values, user: str) -> list[Values]:
        found: list[Values] = await super()._content_list(v, user)
        return [shown for item in found if (shown := self._aged(item))]

    def _aged(self, item: Values) -> Values | None:
        if item.get("content") != "backup":
            return item
        if self.faults.active("backup-missing", vmid=item.get("vmid")):
            return None
        old = self.faults.active("backup-old", vmid=item.get("vmid"))
        days = float(old.options["days"]) if old else 0
        return {**item, "ctime": int(item["ctime"] - days * _DAY)}

    # ------------------------------------------------------ VMs that stand still

    @staticmethod
    def stands_still(vm: Vm) -> bool:
        """Whether QEMU holds the guest: nothing in it runs or answers."""
        return bool(vm.status == "running" and vm.qmpstatus != "running")

    def wall(self, vmid: int) -> Wall:
        vm = self.vm(vmid)
        return "drop" if vm is not None and self.stands_still(vm) else super().wall(vmid)

    # -------------------------------------------------------------- faults

    async def ail(self, fault: Fault) -> None:
        """Put there what the fault tells of."""
        if fault.name == "task-failed":
            self._end_badly(fault)
        concerned = [vm for vm in self.vms if fault.says(vmid=vm.vmid) and not vm.template]
        for vm in concerned:
            if fault.name == "snapshot-old":
                self._leave_snapshot(vm, float(fault.options["days"]))
            elif fault.name == "vm-paused" and vm.status == "running":
                vm.qmpstatus = fault.options["state"]
                await self._show_guest(vm)

    async def recover(self, fault: Fault) -> None:
        """Take away again what ``ail`` put there, as far as it still stands."""
        if fault.number in self._ended:
            record = self._ended.pop(fault.number)
            self.tasklog.remove(record)
            del self.tasks[record["upid"]]
        for vm in [vm for vm in self.vms if fault.says(vmid=vm.vmid)]:
            if fault.name == "snapshot-old" and vm.snapshots.pop(FORGOTTEN, None):
                vm.config.pop("parent", None)
            elif fault.name == "vm-paused" and self.stands_still(vm):
                vm.qmpstatus = "running"
                await self._show_guest(vm)

    async def _show_guest(self, vm: Vm) -> None:
        if vm.vmid in self.guests:
            await self.guests[vm.vmid].show()

    def _leave_snapshot(self, vm: Vm, days: float) -> None:
        kept = {key: vm.config[key] for key, _, _ in drives_of(vm.config, skip_cdrom=True)}
        vm.snapshots[FORGOTTEN] = {**kept, "snaptime": int(time.time() - days * _DAY)}
        vm.config["parent"] = FORGOTTEN

    def _end_badly(self, fault: Fault) -> None:
        says = fault.options
        node = says["node"] or next(iter(self.nodes))
        upid, pid, _ = self._upid(node, says["type"], says["id"], "root@pam")
        ended = int(time.time()) - 3600
        record: Values = {
            "upid": upid,
            "node": node,
            "pid": pid,
            "pstart": pid * 7,
            "starttime": ended - 60,
            "endtime": ended,
            "type": says["type"],
            "id": says["id"],
            "user": "root@pam",
            "status": "stopped",
            "exitstatus": says["text"],
            "log": [f"TASK ERROR: {says['text']}"],
            "clock": 0.0,
            "seconds": 60.0,
        }
        self.tasks[upid] = self._ended[fault.number] = record
        self.tasklog.insert(0, record)
