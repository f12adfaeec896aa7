"""Guests boot, answer the agent, and let in exactly the injected key over real SSH."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import asyncssh
import pytest

from provisioner.lab.cluster import LabCluster
from tests.lab.client import PATIENCE, Client

KEY = asyncssh.generate_private_key("ssh-ed25519")
OTHER = asyncssh.generate_private_key("ssh-ed25519")
PORT = 22022


def public(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)
    return found


def make(client: Client, lab: LabCluster, number: int = 100, vmid: int = 2001) -> str:
    """Clone, configure and start a VM on pve1; returns its planned address."""
    address = lab.plan.network.address(number)
    here = f"/nodes/pve1/qemu/{vmid}"
    upid = client.post("/nodes/pve1/qemu/9000/clone", newid=vmid, name=f"web-{vmid}")
    assert client.ended(upid)[0] == "OK"
    upid = client.post(
        here + "/config",
        ciuser="dinkes",
        sshkeys=quote(public(KEY), safe=""),
        ipconfig0=f"ip={address}/24,gw={lab.plan.network.address(1)}",
    )
    assert client.ended(upid)[0] == "OK"
    assert client.ended(client.post(here + "/status/start"))[0] == "OK"
    return address


def booted(lab: LabCluster, vmid: int = 2001) -> dict[str, Any]:
    def look() -> Any:
        guest = (lab.vm(vmid) or {}).get("guest")
        return guest if guest and guest["booted"] else None

    return eventually(look)


def run(address: str, key: asyncssh.SSHKey, *commands: str, user: str = "dinkes") -> list[Any]:
    """(status, output) of each command over SSH, and the server's host key at the end."""

    async def go() -> list[Any]:
        async with asyncssh.connect(
            address, PORT, username=user, client_keys=[key], known_hosts=None, config=[]
        ) as connection:
            found: list[Any] = []
            for command in commands:
                result = await connection.run(command)
                found.append((result.exit_status, result.stdout))
            host_key = connection.get_server_host_key()
            return [*found, public(host_key).split()[1] if host_key else None]

    return asyncio.run(go())


def refused(address: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, PORT)) != 0


def test_boot_agent_and_login(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    agent = "/nodes/pve1/qemu/2001/agent"
    assert refused(address)
    early = client.call("GET", agent + "/network-get-interfaces")
    assert (early.status_code, early.reason) == (500, "QEMU guest agent is not running")
    booted(lab)
    cards = client.get(agent + "/network-get-interfaces")["result"]
    assert address in [a["ip-address"] for a in cards[1]["ip-addresses"]]
    told = client.get(agent + "/file-read", file="/etc/ssh/ssh_host_ed25519_key.pub")["content"]
    status = client.get(agent + "/file-read", file="/run/cloud-init/status.json")["content"]
    final = json.loads(status)["v1"]["modules-final"]
    assert final["finished"] is not None
    assert final["errors"] == []
    *answers, host_key = run(
        address, KEY, "true", "hostname", "cat /etc/hostname", "id -un", "touch /tmp/x; id"
    )
    assert host_key == told.split()[1]
    assert answers[:4] == [(0, ""), (0, "web-2001\n"), (0, "web-2001\n"), (0, "dinkes\n")]
    assert answers[4][0] == 127


@pytest.mark.parametrize(("key", "user"), [(OTHER, "dinkes"), (KEY, "root"), (KEY, "debian")])
def test_nobody_else_gets_in(
    lab: LabCluster, client: Client, key: asyncssh.SSHKey, user: str
) -> None:
    address = make(client, lab)
    booted(lab)
    with pytest.raises(asyncssh.PermissionDenied):
        run(address, key, "true", user=user)


def test_a_key_can_be_dropped(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    booted(lab)
    body = public(KEY).split()[1]
    assert run(address, KEY, rf"sed -i '\|{body}|d' ~/.ssh/authorized_keys")[0] == (0, "")
    with pytest.raises(asyncssh.PermissionDenied):
        run(address, KEY, "true")


def test_a_change_of_cloud_init_makes_a_new_host_key(lab: LabCluster, client: Client) -> None:
    address = make(client, lab)
    booted(lab)
    first = run(address, KEY)[-1]
    here = "/nodes/pve1/qemu/2001"
    client.ended(client.post(here + "/status/stop"))
    assert refused(address)
    client.ended(client.post(here + "/status/start"))
    booted(lab)
    assert run(address, KEY)[-1] == first
    client.ended(client.post(here + "/status/stop"))
    client.ended(client.post(here + "/config", ciuser="other"))
    client.ended(client.post(here + "/status/start"))
    booted(lab)
    assert run(address, KEY, user="other")[-1] != first


def test_guest_faults(lab: LabCluster, client: Client) -> None:
    lab.fault("cloud-init-error", text="no such package")
    lab.fault("host-key-changed", vmid=2001)
    address = make(client, lab)
    booted(lab)
    agent = "/nodes/pve1/qemu/2001/agent"
    status = client.get(agent + "/file-read", file="/run/cloud-init/status.json")["content"]
    assert "no such package" in status
    told = client.get(agent + "/file-read", file="/etc/ssh/ssh_host_ed25519_key.pub")["content"]
    assert run(address, KEY)[-1] != told.split()[1]
    lab.clear("host-key-changed")
    assert run(address, KEY)[-1] == told.split()[1]
    lab.fault("agent-silent", vmid=2001)
    silent = client.call("GET", agent + "/network-get-interfaces")
    assert (silent.status_code, silent.reason) == (500, "QEMU guest agent is not running")
    lab.fault("wrong-address", vmid=2002, address=lab.plan.network.address(150))
    make(client, lab, 101, 2002)
    assert booted(lab, 2002)["address"] == lab.plan.network.address(150)
    lab.fault("boot-never", vmid=2003)
    make(client, lab, 102, 2003)
    make(client, lab, 103, 2004)
    booted(lab, 2004)
    assert not (lab.vm(2003) or {})["guest"]["agent"]


def test_many_guests(lab: LabCluster, client: Client) -> None:
    """Each answers at its own address."""
    addresses = [make(client, lab, 100 + i, 2100 + i) for i in range(25)]
    for i, address in enumerate(addresses):
        booted(lab, 2100 + i)
        assert not refused(address)
