"""The bare script that an administrator would write: proxmoxer, the same steps, nothing kept.

`python -m bench.bare FILE`; no crash safety, no ownership, no proof, certificates not verified.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3
from proxmoxer import ProxmoxAPI, ResourceException

POLL = 0.15
_STATUS_FILE = "/run/cloud-init/status.json"


def make_vps(wanted: dict[str, Any]) -> None:
    """Clone, configure, grow, wall in, start, wait for the boot, protect, put into the backup."""
    api = ProxmoxAPI(
        wanted["host"], port=wanted["port"], user=wanted["user"], token_name=wanted["token"],
        token_value=wanted["secret"], verify_ssl=False, timeout=35,
    )  # fmt: skip
    node = api.nodes(wanted["node"])
    vm = node.qemu(wanted["vmid"])
    _wait(node, node.qemu(wanted["template"]).clone.post(
        newid=wanted["vmid"], name=wanted["name"], full=0))  # fmt: skip
    _wait(node, vm.config.post(
        cores=1, memory=1024, ciuser="dinkes", sshkeys=quote(wanted["ssh_key"], safe=""),
        ipconfig0=wanted["ipconfig0"], net0=wanted["net0"], onboot=1, ciupgrade=0))  # fmt: skip
    _wait(node, vm.resize.put(disk="scsi0", size="10G"))
    _let_in(vm, wanted)
    _wait(node, vm.status.start.post())
    while not _booted(vm, wanted["address"]):
        time.sleep(POLL)
    _wait(node, vm.config.post(protection=1))
    job = next(job for job in api.cluster.backup.get() if job["id"] == wanted["backup_job"])
    api.cluster.backup(job["id"]).put(vmid=f"{job['vmid']},{wanted['vmid']}")


def _let_in(vm: Any, wanted: dict[str, Any]) -> None:
    """Its own address out, these ports in, nothing else."""
    vm.firewall.ipset.post(name="ipfilter-net0")
    vm.firewall.ipset("ipfilter-net0").post(cidr=wanted["address"])
    for rule in wanted["rules"]:
        vm.firewall.rules.post(type="in", action="ACCEPT", enable=1, **rule)
    vm.firewall.options.put(enable=1, policy_in="DROP")


def _wait(node: Any, upid: str | None) -> None:
    while upid:
        status = node.tasks(upid).status.get()
        if status["status"] == "stopped":
            if status["exitstatus"] != "OK":
                raise RuntimeError(status["exitstatus"])
            return
        time.sleep(POLL)


def _booted(vm: Any, address: str) -> bool:
    try:
        answer = vm.agent("network-get-interfaces").get()
        if address not in json.dumps(answer):
            return False
        status = json.loads(vm.agent("file-read").get(file=_STATUS_FILE)["content"])["v1"]
    except (ResourceException, ValueError):
        return False
    return bool(status["modules-final"].get("finished")) and not status.get("stage")


if __name__ == "__main__":
    urllib3.disable_warnings()
    make_vps(json.loads(Path(sys.argv[1]).read_text()))
