"""Capacity and load per node that follow the VMs on it, as read live and as pvestatd last saw."""

from __future__ import annotations

import re
import time
from typing import Any

from aiohttp import web
from fakepve.server import USER, ok

from provisioner.lab.base import Values, Vm
from provisioner.lab.plan import GIB, MIB, LabNode, LabPlan
from provisioner.lab.storages import Storages

MEMORY_SHARE = 0.55
"""How much of its memory a running VM really takes."""
CPU_SHARE = 0.08


class Capacity(Storages):
    """The readings of nodes and of the cluster's list."""

    def __init__(self, plan: LabPlan, *args: Any) -> None:
        super().__init__(plan, *args)
        self.started = time.time()
        self.fingerprints: dict[str, str] = {}
        self._node_plans: dict[str, LabNode] = {n.name: n for n in plan.nodes}
        self._tick = -1
        self._seen_vms: dict[int, Values] = {}
        self._seen_nodes: dict[str, Values] = {}

    def pvestatd(self, now: bool = False) -> None:
        """Take the readings of the last tick if none were taken since; before every change.

        ``now`` takes them in any case.
        """
        tick = int((time.time() - self.started) / (self.plan.times.statistics * self.time_scale))
        if tick == self._tick and not now:
            return
        self._tick = tick
        self._seen_vms = {
            vm.vmid: {"name": vm.name, "status": vm.status, **self._vm_usage(vm)} for vm in self.vms
        }
        self._seen_nodes = {name: self.node_load(name) for name in self.nodes}

    # ---------------------------------------------------------------- live

    @staticmethod
    def vm_memory(vm: Vm) -> int:
        return int(str(vm.config.get("memory", 512)).split("=")[-1]) * MIB

    def _vm_usage(self, vm: Vm) -> Values:
        usage: Values = super()._vm_usage(vm)
        if vm.status == "running":
            memory = int(usage["maxmem"] * MEMORY_SHARE)
            if self.faults.active("guest-memory-full", vmid=vm.vmid):
                memory = int(usage["maxmem"] * 0.99)
            usage.update(mem=memory, memhost=memory, cpu=CPU_SHARE)
            usage["uptime"] = int((time.time() - vm.started_at) / self.time_scale)
        return usage

    def _vm_status(self, vm: Vm, listing: bool = False) -> Values:
        status: Values = super()._vm_status(vm, listing)
        if vm.status != "running":
            for key in ("balloon", "diskread", "diskwrite"):
                status.pop(key, None)
        elif not listing:
            size = self.vm_memory(vm)
            status["ballooninfo"] = {"actual": size, "max_mem": size}
            status["nics"] = {
                f"tap{vm.vmid}i{key[3:]}": {"netin": 0, "netout": 0}
                for key in vm.config
                if re.fullmatch(r"net\d+", key)
            }
        return status

    async def _status_current(self, request: web.Request) -> Any:
        return ok(self._vm_status(self._vm(request, "VM.Audit")))

    def node_load(self, name: str) -> Values:
        """maxcpu, cpu, maxmem, mem, disk, maxdisk, uptime of a node now; empty when it is off."""
        if not self.node_online(name):
            return {}
        plan = self._node_plans[name]
        running = [vm for vm in self.vms if vm.node == name and vm.status == "running"]
        cores = sum(int(vm.config.get("cores", 1)) for vm in running)
        memory = plan.memory_used_gb * GIB + sum(self.vm_memory(v) for v in running) * MEMORY_SHARE
        if self.faults.active("node-full", node=name):
            memory = plan.memory_gb * GIB
        busy = self.faults.active("node-busy", node=name)
        full = self.faults.active("node-root-full", node=name)
        return {
            "cpu": 1.0 if busy else min(1.0, plan.cpu + CPU_SHARE * cores / plan.cores),
            "maxcpu": plan.cores,
            "mem": min(int(memory), int(plan.memory_gb * GIB)),
            "maxmem": int(plan.memory_gb * GIB),
            "disk": int(float(full.options["percent"]) if full else 9) * GIB,
            "maxdisk": 100 * GIB,
            "uptime": int((time.time() - self.started) / self.time_scale) + 86400,
        }

    def _status_of(self, name: str) -> str:
        return "online" if self.node_online(name) else "offline"

    async def _nodes(self, request: web.Request) -> Any:
        audit = {n for n in self.nodes if self.allowed(request[USER], "/nodes/" + n, "Sys.Audit")}
        return ok(
            [
                {
                    "id": "node/" + name,
                    "level": "",
                    "node": name,
                    "ssl_fingerprint": self.fingerprints.get(name, ""),
                    "status": self._status_of(name),
                    "type": "node",
                    **(self._seen(name) if name in audit else {}),
                }
                for name in self.nodes
            ]
        )

    def _seen(self, name: str) -> Values:
        return self._seen_nodes.get(name, {}) if self.node_online(name) else {}

    def _routes_capacity(self) -> list[Any]:
        node = "/nodes/{node}"
        return [
            ("GET", node + "/status", self._node_status),
            ("GET", node + "/network", self._node_network),
        ]

    async def _node_status(self, v: Values, user: str) -> Values:
        load = self.node_load(v["node"])
        total, used = load["maxmem"], load["mem"]
        disk, free = load["disk"], load["maxdisk"] - load["disk"]
        cores = load["maxcpu"]
        return {
            "boot-info": {"mode": "efi", "secureboot": 0},
            "cpu": load["cpu"],
            "cpuinfo": {
                "cores": cores,
                "cpus": cores,
                "sockets": 1,
                "hvm": "1",
                "mhz": "2600.000",
                "model": "Lab CPU",
                "user_hz": 100,
                "flags": "fpu vmx",
            },
            "current-kernel": {
                "machine": "x86_64",
                "release": "6.14.11-4-pve",
                "sysname": "Linux",
                "version": "#1 SMP",
            },
            "idle": 0,
            "ksm": {"shared": 0},
            "kversion": "Linux 6.14.11-4-pve #1 SMP",
            "loadavg": [f"{load['cpu'] * cores:.2f}"] * 3,
            "memory": {
                "available": total - used,
                "free": total - used,
                "total": total,
                "used": used,
            },
            "pveversion": f"pve-manager/{self.version}/fakepve",
            "rootfs": {"avail": free, "free": free, "total": load["maxdisk"], "used": disk},
            "swap": {"free": 0, "total": 0, "used": 0},
            "uptime": load["uptime"],
            "wait": 0,
        }

    async def _node_network(self, v: Values, user: str) -> list[Values]:
        bridge: Values = {
            "active": 1,
            "autostart": 1,
            "bridge_fd": "0",
            "bridge_ports": "eno1",
            "bridge_stp": "off",
            "bridge_vlan_aware": 1,
            "bridge_vids": "2-4094",
            "exists": None,
            "families": ["inet"],
            "iface": self.plan.network.bridge,
            "method": "manual",
            "method6": "manual",
            "priority": 3,
            "type": "bridge",
        }
        port: Values = {
            "active": 1,
            "exists": 1,
            "families": ["inet"],
            "iface": "eno1",
            "method": "manual",
            "method6": "manual",
            "priority": 2,
            "type": "eth",
        }
        return [
            x
            for x in (bridge, port)
            if v.get("type") in (None, x["type"], "any_bridge" if x is bridge else "")
        ]

    # ------------------------------------------------------------- the list

    async def _resources(self, request: web.Request) -> Any:
        kind, user = request.query.get("type"), request[USER]
        found: list[Values] = []
        if kind in (None, "pool"):
            found += [
                {"id": f"/pool/{name}", "pool": name, "type": "pool"}
                for name in sorted(self.pools)
                if self.allowed(user, "/pool/" + name, "Pool.Audit")
            ]
        if kind in (None, "vm"):
            found += [
                self._vm_resource(vm)
                for vm in self.vms
                if self.allowed(user, f"/vms/{vm.vmid}", "VM.Audit")
            ]
        if kind in (None, "node"):
            found += [self._node_resource(name, user) for name in self.nodes]
        if kind in (None, "storage"):
            found += [
                item
                for node in self.nodes
                for name in self.storages
                if self._can_audit(user, name) and (item := self._storage_resource(node, name))
            ]
        if kind in (None, "network", "sdn"):
            found += [
                {
                    "id": f"network/{node}/zone/localnetwork",
                    "network": "localnetwork",
                    "network-type": "zone",
                    "node": node,
                    "status": "ok",
                    "type": "network",
                }
                for node in self.nodes
                if self.allowed(user, "/sdn/zones/localnetwork", "SDN.Audit")
            ]
        return ok(found)

    def _vm_resource(self, vm: Vm) -> Values:
        item: Values = {
            "id": vm.guest,
            "type": "qemu",
            "node": vm.node,
            "vmid": vm.vmid,
            "status": "unknown",
            "template": int(bool(vm.template)),
        }
        if self.node_online(vm.node):
            item.update(self._seen_vms.get(vm.vmid, {}))
        known = {"tags": vm.config.get("tags"), "lock": vm.lock, "pool": vm.pool}
        for key, value in {**known, "hastate": vm.ha_state}.items():
            if value:
                item[key] = value
        return item

    def _node_resource(self, name: str, user: str) -> Values:
        item: Values = {
            "id": "node/" + name,
            "type": "node",
            "node": name,
            "level": "",
            "cgroup-mode": 2,
            "status": self._status_of(name),
        }
        if self.allowed(user, "/nodes/" + name, "Sys.Audit"):
            item.update(self._seen(name))
        return item

    def local_node(self, request: web.Request) -> str:
        """The node whose address was called."""
        sockname = request.transport.get_extra_info("sockname") if request.transport else None
        return self.listening.get(sockname[1], "") if sockname else ""

    async def _cluster_status(self, request: web.Request) -> Any:
        self.require(request[USER], "/", "Sys.Audit")
        local = self.local_node(request)
        nodes: list[Values] = [
            {
                "id": "node/" + name,
                "ip": "127.0.0.1",
                "level": "",
                "local": int(name == local),
                "name": name,
                "nodeid": number,
                "online": int(self.node_online(name)),
                "type": "node",
            }
            for number, name in enumerate(self.nodes, 1)
        ]
        cluster = {
            "id": "cluster",
            "name": self.cluster_name,
            "nodes": len(nodes),
            "quorate": int(self.quorate_now()),
            "type": "cluster",
            "version": len(nodes),
        }
        return ok([cluster, *nodes] if len(nodes) > 1 else [{**nodes[0], "nodeid": 0}])

    listening: dict[int, str]
    """Port to the node whose address it is; set by the one who listens."""
