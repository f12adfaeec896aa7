"""Each call of the lab asks for the privilege that the real one asks for, on PVE 9 and 8."""

from __future__ import annotations

import pytest

from provisioner.lab.accounts import PRODUCT_PRIVILEGES
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import IMAGE
from tests.lab.client import Client, plan
from tests.lab.living import VM, failed, make

NEEDED = {
    "VM.Snapshot": ("POST", VM + "/snapshot", {"snapname": "one"}),
    "VM.Migrate": ("POST", VM + "/migrate", {"target": "pve2"}),
    "VM.PowerMgmt": ("POST", "/nodes/pve1/qemu/101/status/shutdown", {}),
    "VM.GuestAgent.FileRead": ("GET", VM + "/agent/file-read", {"file": "/etc/hostname"}),
    "VM.GuestAgent.FileWrite": (
        "POST", VM + "/agent/file-write", {"file": "/tmp/x", "content": "x"},
    ),
    "VM.GuestAgent.Audit": ("GET", VM + "/agent/get-osinfo", {}),
    "VM.Config.Network": ("PUT", VM + "/firewall/options", {"enable": 1}),
    "Sys.Modify": ("PUT", "/cluster/backup/none", {"vmid": "101"}),
    "Pool.Allocate": ("POST", "/pools", {"poolid": "opd-x"}),
    "Sys.Audit": ("GET", "/cluster/backup", {}),
    "VM.Allocate": ("POST", VM + "/template", {}),
    "Datastore.AllocateTemplate": (
        "POST", "/nodes/pve1/storage/local/download-url",
        {"url": IMAGE.url, "content": "import", "filename": "x.qcow2"},
    ),
    "Datastore.AllocateSpace": ("POST", "/nodes/pve1/vzdump", {"vmid": 2001, "storage": "local"}),
}  # fmt: skip


@pytest.mark.parametrize("privilege", NEEDED)
def test_each_call_asks_for_its_privilege(privilege: str) -> None:
    with LabCluster(plan(privileges=PRODUCT_PRIVILEGES - {privilege})) as lab:
        client = Client(lab)
        method, path, params = NEEDED[privilege]
        answer = client.call(method, path, **params)
        assert answer.status_code == 403
        assert privilege in answer.reason
        client.close()


def test_a_backup_asks_in_its_task() -> None:
    with LabCluster(plan(privileges=PRODUCT_PRIVILEGES - {"VM.Backup"})) as lab:
        client = Client(lab)
        status, log = failed(client, client.post("/nodes/pve1/vzdump", vmid=101, storage="local"))
        assert status == "job errors"
        assert any("(/vms/101, VM.Backup)" in line for line in log)
        client.close()


def test_access_to_the_network_is_enough_for_a_download() -> None:
    params = {"url": IMAGE.url, "content": "import", "filename": "x.qcow2"}
    where = "/nodes/pve1/storage/local/download-url"
    for without, status in (({"Sys.Modify"}, 200), ({"Sys.Modify", "Sys.AccessNetwork"}, 403)):
        with LabCluster(plan(privileges=PRODUCT_PRIVILEGES - without)) as lab:
            client = Client(lab)
            assert client.call("POST", where, **params).status_code == status
            client.close()


def test_pve_8() -> None:
    with LabCluster(plan(version="8.4.5")) as lab:
        client = Client(lab)
        assert client.get("/version")["version"] == "8.4.5"
        held = client.get("/access/permissions")["/"]
        assert "VM.Monitor" in held
        assert not [name for name in held if name.startswith("VM.GuestAgent")]
        make(client, lab)
        assert client.get(VM + "/agent/get-osinfo")
        roles = {r["roleid"]: r["privs"] for r in client.get("/access/roles")}
        assert "VM.Monitor" in roles["Administrator"]
        client.close()
    without = frozenset(p for p in PRODUCT_PRIVILEGES if not p.startswith("VM.GuestAgent"))
    with LabCluster(plan(version="8.4.5", privileges=without)) as lab:
        client = Client(lab)
        answer = client.call("GET", "/nodes/pve1/qemu/101/agent/get-osinfo")
        assert answer.reason == "Permission check failed (/vms/101, VM.Monitor)"
        client.close()
