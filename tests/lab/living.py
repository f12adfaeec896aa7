"""What the tests of a VM's life in the lab share: making one, waiting, and knocking."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import asyncssh

from provisioner.lab.cluster import LabCluster
from tests.lab.client import PATIENCE, Client

KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER = asyncssh.generate_private_key("ssh-ed25519")
VM = "/nodes/pve1/qemu/2001"


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)
    return found


def make(
    client: Client, lab: LabCluster, template: int = 9000, vmid: int = 2001, **clone: Any
) -> str:
    """Clone onto pve1, configure and start; returns the address once it lets its user in."""
    address = lab.plan.network.address(vmid - 1900)
    here = f"/nodes/pve1/qemu/{vmid}"
    params = {"name": f"web-{vmid}", "description": "REQ VPS-2026-0001", **clone}
    done(client, client.post(f"/nodes/pve1/qemu/{template}/clone", newid=vmid, **params))
    options = {
        "ciuser": "admin",
        "ipconfig0": f"ip={address}/24,gw={lab.plan.network.address(1)}",
        "sshkeys": quote(public(KEY), safe=""),
    }
    done(client, client.post(here + "/config", **options))
    start(client, lab, vmid)
    return address


def start(client: Client, lab: LabCluster, vmid: int = 2001) -> None:
    vm = lab.vm(vmid)
    assert vm
    done(client, client.post(f"/nodes/{vm['node']}/qemu/{vmid}/status/start"))
    booted(lab, vmid)


def booted(lab: LabCluster, vmid: int = 2001) -> Any:
    return eventually(lambda: (vm := lab.vm(vmid)) and vm["guest"]["booted"] and vm["guest"])


def done(client: Client, upid: str) -> list[str]:
    """The log of a task that ends well."""
    status, log = client.ended(upid)
    assert status == "OK", (status, log)
    return log


def failed(client: Client, upid: str) -> tuple[str, list[str]]:
    status, log = client.ended(upid)
    assert status != "OK"
    return status, log


def enters(address: str, port: int, key: asyncssh.SSHKey = KEY, user: str = "admin") -> bool:
    """Whether the guest lets that key in."""

    async def login() -> bool:
        try:
            async with asyncssh.connect(
                address, port, username=user, client_keys=[key], known_hosts=None, config=None
            ):
                return True
        except asyncssh.PermissionDenied:
            return False

    return asyncio.run(login())


def knock(address: str, port: int) -> str:
    """open, refused or silent."""
    try:
        socket.create_connection((address, port), timeout=0.4).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    return "open"
