"""The unmodified fakepve in a process of its own: a fresh cluster for each line on standard input.

Started as ``python -m tests.contract.fakepve_process CERT KEY``; answers each line with the new
cluster's URL. It shares nothing with the product or the lab, which extends the same library.
"""

from __future__ import annotations

import asyncio
import sys

from fakepve import FakePve, settle

TOKEN_ID, SECRET = "provisioner@pve!service", "5ecre7-0f-the-t0ken"


def two_nodes() -> FakePve:
    """Two nodes with a shared storage, a template and our token."""
    pve = FakePve(user="root@pam", password="secret", host="127.0.0.1", port=0)
    pve.time_scale = 0
    pve.apitokens[TOKEN_ID] = SECRET
    pve.add_node("pve2")
    base, drive = "9000/base-9000-disk-0.qcow2", "9000/vm-9000-cloudinit.qcow2"
    pve.storages["shared"] = {
        "type": "nfs",
        "active": 1,
        "content": "images,backup",
        "files": set(),
        "shared": 1,
        "server": "192.0.2.1",
        "export": "/srv",
        "volumes": {
            base: {"content": "images", "format": "qcow2", "size": 2 << 30, "vmid": 9000},
            drive: {"content": "images", "format": "qcow2", "size": 4 << 20, "vmid": 9000},
        },
    }
    pve.add_vm(
        9000,
        "debian-13",
        node="pve1",
        template=True,
        config={
            "template": 1,
            "agent": "1",
            "boot": "order=scsi0",
            "cores": 1,
            "memory": "512",
            "ide2": f"shared:{drive},media=cdrom",
            "net0": "virtio=BC:24:11:9E:70:24,bridge=vmbr0,firewall=1",
            "scsi0": f"shared:{base},size=2G",
            "smbios1": "uuid=477ca992-c8b7-4edb-b5b1-f7b26ca80640",
            "tags": "tpl-debian-13",
        },
    )
    return pve


async def serve(cert: str, key: str) -> None:
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    running: FakePve | None = None
    while await lines.readline():
        if running is not None:
            await settle()
            await running.stop()
        running = two_nodes()
        await running.start(cert, key)
        sys.stdout.write(running.url + "\n")
        sys.stdout.flush()
    if running is not None:
        await running.stop()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], sys.argv[2]))
