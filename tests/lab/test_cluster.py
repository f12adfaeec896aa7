"""What the lab adds to fakepve: capacity, storages, clones, accounts, destruction, migration."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import Times
from tests.lab.client import Client, plan

ON_PVE1 = "/nodes/pve1/qemu/2001"


def clone(client: Client, vmid: int = 2001, template: int = 9000, **params: Any) -> Any:
    node = "pve1" if template in (9000, 9011) else f"pve{template - 9010}"
    path = f"/nodes/{node}/qemu/{template}/clone"
    return client.ended(client.post(path, newid=vmid, name=f"vm-{vmid}", **params))


def test_every_node_has_its_own_address_and_certificate(lab: LabCluster) -> None:
    assert len(set(lab.urls)) == len(set(lab.fingerprints)) == 3
    assert all(re.fullmatch(r"sha256:(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", f) for f in lab.fingerprints)
    for url, node in zip(lab.urls, ("pve1", "pve2", "pve3"), strict=True):
        client = Client(lab, url=url)
        local = [n["name"] for n in client.get("/cluster/status") if n.get("local")]
        assert local == [node]
        client.close()


def test_load_follows_the_vms(lab: LabCluster, client: Client) -> None:
    before = client.get("/nodes/pve1/status")["memory"]["used"]
    clone(client)
    client.ended(client.post(ON_PVE1 + "/config", memory=8192))
    assert client.get("/nodes/pve1/status")["memory"]["used"] == before
    client.ended(client.post(ON_PVE1 + "/status/start"))
    assert client.get("/nodes/pve1/status")["memory"]["used"] > before + 4 * 1024**3


def test_the_list_lags() -> None:
    with LabCluster(plan(times=Times(statistics=100_000))) as lab:
        client = Client(lab)
        clone(client)
        listed = {r["vmid"]: r for r in client.get("/cluster/resources", type="vm")}
        assert listed[2001]["status"] == "unknown"
        assert "maxmem" not in listed[2001]
        assert listed[101]["maxmem"] == 8192 * 1024**2
        assert client.get("/nodes/pve1/qemu/2001/status/current")["maxmem"] == 512 * 1024**2
        client.close()


def test_disks_take_space_where_they_are(lab: LabCluster, client: Client) -> None:
    def used(node: str, storage: str) -> int:
        found = {s["storage"]: s["used"] for s in client.get(f"/nodes/{node}/storage")}
        return int(found[storage])

    before = [used(n, "local-lvm") for n in ("pve1", "pve2")]
    assert clone(client, template=9011, full=1, storage="local-lvm")[0] == "OK"
    assert used("pve1", "local-lvm") > before[0] + 1024**3
    assert used("pve2", "local-lvm") == before[1]
    shared = used("pve3", "shared")
    clone(client, 2002)
    assert shared < used("pve3", "shared") < shared + 100 * 1024**2
    there = [v["volid"] for v in client.get("/nodes/pve1/storage/local-lvm/content", vmid=2001)]
    assert there == ["local-lvm:vm-2001-cloudinit", "local-lvm:vm-2001-disk-0"]
    assert client.get("/nodes/pve2/storage/local-lvm/content", vmid=2001) == []


def test_each_clone_has_its_own_identity(lab: LabCluster, client: Client) -> None:
    for vmid in (2001, 2002):
        clone(client, vmid)
    one, other = (client.get(f"/nodes/pve1/qemu/{v}/config") for v in (2001, 2002))
    for key in ("smbios1", "vmgenid", "net0", "ide2", "scsi0"):
        assert one[key] != other[key]
    assert "vm-2001-cloudinit" in one["ide2"]
    assert one["net0"].endswith("bridge=vmbr0,firewall=1")


def test_where_a_clone_may_live(lab: LabCluster, client: Client) -> None:
    assert clone(client, target="pve3")[0] == "OK"
    assert (lab.vm(2001) or {})["node"] == "pve3"
    for params, text in (
        ({"target": "pve2"}, "can't clone VM to node 'pve2' (VM uses local storage)"),
        (
            {"target": "pve2", "full": 1, "storage": "local-lvm"},
            "can't clone to non-shared storage 'local-lvm'",
        ),
        ({"storage": "shared"}, "parameter 'storage' not allowed for linked clones"),
    ):
        answer = client.call("POST", "/nodes/pve1/qemu/9011/clone", newid=2002, **params)
        assert (answer.status_code, answer.reason) == (500, text)
    answer = client.call("POST", "/nodes/pve2/qemu/9000/clone", newid=2002)
    assert "nodes/pve2/qemu-server/9000.conf' does not exist" in answer.reason


def test_a_slow_storage_makes_clones_wait_in_vain() -> None:
    with LabCluster(plan(times=Times(allocate=6), least_patience=0)) as lab:
        clients = [Client(lab) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            ends = [
                end[0]
                for end in pool.map(lambda i: clone(clients[i], 2001 + i, template=9011), range(4))
            ]
        assert "OK" in ends
        assert (
            "clone failed: can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' "
            "- got timeout"
        ) in ends
        volumes = {v["vmid"] for v in lab.state()["volumes"]}
        assert {2001 + i for i, end in enumerate(ends) if end == "OK"} == volumes & {
            *range(2001, 2005)
        }
        for client in clients:
            client.close()


def test_a_full_clone_takes_longer_and_says_how_far_it_is(lab: LabCluster, client: Client) -> None:
    _, log = clone(client, full=1)
    assert log[-2].endswith("(100.00%)")
    assert sum("transferred" in line for line in log) > 5


def test_growing(lab: LabCluster, client: Client) -> None:
    clone(client)

    def resize(disk: str, size: str) -> str:
        answer = client.call("PUT", ON_PVE1 + "/resize", disk=disk, size=size)
        return str(client.ended(answer.json()["data"])[0])

    assert resize("scsi0", "10G") == "OK"
    assert client.get(ON_PVE1 + "/config")["scsi0"].endswith("size=10G")
    assert resize("scsi0", "10G") == "OK"
    assert resize("scsi0", "5G") == "shrinking disks is not supported"
    assert resize("scsi5", "5G") == "disk 'scsi5' does not exist"
    listed = client.get("/nodes/pve1/storage/shared/content", vmid=2001)
    assert max(item["size"] for item in listed) == 10 * 1024**3


def test_a_template_in_use_stays(lab: LabCluster, client: Client) -> None:
    clone(client, pool="opd-dinkes")
    answer = client.call("DELETE", "/nodes/pve1/qemu/9000")
    assert client.ended(answer.json()["data"])[0] == (
        "base volume 'shared:9000/base-9000-disk-0.qcow2' is still in use by linked cloned"
    )
    assert lab.vm(9000)
    assert [m["vmid"] for m in client.get("/pools", poolid="opd-dinkes")[0]["members"]] == [2001]
    answer = client.call("DELETE", ON_PVE1, purge=1, destroy_unreferenced_disks=1)
    assert client.ended(answer.json()["data"])[0] == "OK"
    assert client.get("/pools", poolid="opd-dinkes")[0]["members"] == []
    assert not [v for v in lab.state()["volumes"] if v["vmid"] == 2001]


def test_migration_takes_local_disks_along(lab: LabCluster, client: Client) -> None:
    clone(client, template=9011, full=1)
    upid = client.post(ON_PVE1 + "/migrate", target="pve2")
    assert client.ended(upid)[0] == "OK"
    assert (lab.vm(2001) or {})["node"] == "pve2"
    assert client.get("/nodes/pve2/storage/local-lvm/content", vmid=2001)
    assert not client.get("/nodes/pve1/storage/local-lvm/content", vmid=2001)


def test_an_underprivileged_token() -> None:
    few = frozenset({"VM.Audit", "VM.Clone", "VM.Allocate", "Datastore.AllocateSpace"})
    with LabCluster(plan(privileges=few)) as lab:
        client = Client(lab)
        answer = client.call("POST", "/nodes/pve1/qemu/9000/clone", newid=2001)
        assert (answer.status_code, answer.reason) == (
            403,
            "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)",
        )
        assert client.get("/access/permissions")["/vms"] == dict.fromkeys(sorted(few), 1)
        assert all("maxmem" not in n for n in client.get("/nodes"))
        answer = client.call("PUT", "/nodes/pve1/qemu/101/config", cores=2)
        assert answer.status_code == 403
        client.close()


@pytest.mark.parametrize("url", ["/nodes/pve1/network", "/nodes/pve2/network"])
def test_bridges(lab: LabCluster, client: Client, url: str) -> None:
    bridges = client.get(url, type="any_bridge")
    assert [b["iface"] for b in bridges] == ["vmbr0"]


def test_stops_and_starts_again() -> None:
    lab = LabCluster(plan())
    for _ in range(2):
        with lab:
            client = Client(lab)
            assert client.get("/version")
            client.close()
    lab.stop()
