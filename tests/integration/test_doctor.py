"""The doctor against labs of PVE 8 and 9: what it finds, and that its lines really mend it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner import bootstrap
from provisioner.catalogue import load_inventory
from provisioner.doctor.cluster import examine_cluster
from provisioner.doctor.finding import Finding
from provisioner.doctor.look import setup_of
from provisioner.doctor.privileges import CLUSTER_ROLE, ROLE, role_privileges, version_of
from provisioner.drivers.hypervisor import (
    BackUp,
    Clone,
    Configure,
    Destroy,
    DropBackup,
    DropSnapshot,
    EnsurePool,
    FirewallRule,
    GrowDisk,
    Hypervisor,
    JoinBackupJob,
    LeaveBackupJob,
    Migrate,
    Order,
    PowerOff,
    PowerOn,
    RestoreBackup,
    RollBack,
    SetFirewall,
    TakeSnapshot,
    WriteGuestFile,
)
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import IMAGE
from provisioner.settings import Settings
from provisioner.templates.importing import Importer
from provisioner.templates.order import ImageOrder
from tests.integration.harness import lab_cluster, settings_for
from tests.integration.node_shell import NodeShell, install

SCRIPT = Path(__file__).parents[2] / "docs" / "pve-token.sh"
MOST_CALLS = 16 + 9 * 4
"""For a cluster of three nodes with four templates."""


@pytest.fixture(params=["8.4.14", "9.1.8"])
def lab(request: pytest.FixtureRequest, certificates: Path) -> Iterator[LabCluster]:
    with lab_cluster(certificates, version=request.param) as running:
        yield running


@pytest.fixture
def shell(lab: LabCluster) -> Iterator[NodeShell]:
    opened = NodeShell(lab.url, lab.plan.root_password)
    yield opened
    opened.close()


@pytest.fixture
def settings(lab: LabCluster, tmp_path: Path) -> Settings:
    return settings_for(tmp_path / "office", lab, {}, None)


@pytest.fixture
def driver(settings: Settings) -> Iterator[Any]:
    cluster = bootstrap.hypervisor(settings, "dc1")
    yield cluster
    cluster.close()


def findings(settings: Settings, driver: Hypervisor, **changes: Any) -> list[Finding]:
    section = settings.clusters["dc1"].model_copy(update=changes)
    setup = setup_of("dc1", section, load_inventory(settings))
    return list(examine_cluster(setup, lambda name: driver))


def ill(found: list[Finding]) -> list[str]:
    return [str(finding.what) for finding in found if finding.verdict != "ok"]


def carry_out(shell: NodeShell, found: list[Finding]) -> None:
    for finding in found:
        for line in finding.commands if finding.verdict != "ok" else ():
            shell.run(line)


def without_rights(lab: LabCluster) -> None:
    """A token that nobody granted anything."""
    lab.call(lambda pve: pve.grants.clear())


def as_the_script_grants(lab: LabCluster, without: frozenset[str] = frozenset()) -> None:
    """Without running it, which takes a process for each of its lines."""
    version = version_of(lab.plan.version)
    assert version
    places = {ROLE: ["/vms", "/pool", "/storage", "/sdn/zones", "/nodes"], CLUSTER_ROLE: ["/"]}
    user = lab.token_id.partition("!")[0]

    def grant(pve: Any) -> None:
        pve.grants.clear()
        for role, paths in places.items():
            pve.roles[role] = role_privileges(version, role) - without
            pve.grants += [(p, w, role, role == ROLE) for p in paths for w in (user, lab.token_id)]

    lab.call(grant)


def run_script(lab: LabCluster, folder: Path) -> str:
    """On a node where nobody has heard of us; returns the secret that it shows once."""

    def forget(pve: Any) -> None:
        pve.roles.pop("Provisioner", None)
        pve.users.pop("provisioner@pve")
        pve.apitokens.pop(lab.token_id)

    lab.call(forget)
    environment = install(folder, lab.url, lab.plan.root_password) | {"BACKUP_JOB": "yes"}
    done = subprocess.run(
        ["sh", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0]


def test_the_script_gives_all_that_the_doctor_asks_for_and_all_orders_work(
    lab: LabCluster, settings: Settings, driver: Any, tmp_path: Path
) -> None:
    without_rights(lab)
    before = findings(settings, driver)
    assert "The token provisioner@pve!service may do nothing at all." in ill(before)
    secret = run_script(lab, tmp_path / "bin")
    (settings.base / "secrets" / "dc1-token").write_text(secret)
    assert ill(findings(settings, driver)) == []

    order = ImageOrder(
        "debian-13-new", IMAGE.url, IMAGE.checksum("sha512"), "sha512", "shared", "debian-13-new",
        "tpl-debian-13-new",
    )  # fmt: skip
    importer = Importer(driver, settings.clusters["dc1"], tmp_path / "kept", lambda what: None)
    made = importer.run(order)
    live_a_life(lab, driver, made.vmid, made.node)


def live_a_life(lab: LabCluster, driver: Any, template: int, node: str) -> None:
    """One of each kind of order, as a server meets them; the token's rights have to do."""
    mark, job = "provisioner: request VPS-2026-0001", lab.plan.jobs[0].id
    address = lab.plan.network.address(150)
    do(driver, Clone(template, node, 2000, node, "web", mark, "full", "shared"))
    options = {
        "cores": "2", "memory": "2048", "ciuser": "admin", "tags": "provisioner", "onboot": "1",
        "net0": "virtio,bridge=vmbr0,tag=120,firewall=1",
        "ipconfig0": f"ip={address}/24,gw={lab.plan.network.address(1)}",
    }  # fmt: skip
    do(driver, Configure(2000, node, options))
    do(driver, GrowDisk(2000, node, "scsi0", 8))
    rule = FirewallRule("tcp", 22, mark)
    do(driver, SetFirewall(2000, node, (rule,), (address,)))
    do(driver, TakeSnapshot(2000, node, "before", mark))
    do(driver, RollBack(2000, node, "before"))
    do(driver, DropSnapshot(2000, node, "before"))
    do(driver, PowerOn(2000, node))
    machine = driver.machine(2000)
    assert until(lambda: driver.guest(machine).host_keys)
    do(driver, WriteGuestFile(2000, node, "/home/admin/.ssh/authorized_keys", "ssh-ed25519 A\n"))
    assert driver.guest_file(machine, "/home/admin/.ssh/authorized_keys") == "ssh-ed25519 A\n"
    do(driver, PowerOff(2000, node))
    do(driver, BackUp(2000, node, "backup", mark))
    (backup,) = driver.backups(2000)
    do(driver, RestoreBackup(2000, node, backup.volume, machine.uuid, "shared"))
    do(driver, DropBackup(2000, node, backup.volume))
    do(driver, EnsurePool("opd-baru", mark))
    other = next(name.name for name in driver.facts().nodes if name.name != node)
    do(driver, JoinBackupJob(job, 2000))
    assert 2000 in driver.backup_job(job).vmids
    do(driver, LeaveBackupJob(job, 2000))
    do(driver, Migrate(2000, node, other, online=False))
    machine, node = driver.machine(2000), other
    assert (machine.cores, machine.node) == (2, other)
    do(driver, Destroy(2000, node, machine.uuid, mark))
    assert driver.machine(2000) is None


def until(holds: Any) -> Any:
    for _ in range(1000):
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError("it does not come about")


def do(driver: Any, order: Order) -> None:
    task = driver.submit(order)
    state = until(lambda: state if (state := driver.task(task)).status != "running" else None)
    assert state.status == "ok", (order, state)


def test_the_doctors_own_lines_mend_the_rights(
    lab: LabCluster, settings: Settings, driver: Any, shell: NodeShell
) -> None:
    """Some privileges out of the role, and two paths without it: all named in one go."""
    as_the_script_grants(lab)

    def spoil(pve: Any) -> None:
        lacking = {"VM.Clone", "VM.Config.Cloudinit", "SDN.Use", "Datastore.AllocateSpace"}
        pve.roles["Provisioner"] = pve.roles["Provisioner"] - lacking
        pve.grants[:] = [grant for grant in pve.grants if grant[0] not in ("/", "/nodes")]

    lab.call(spoil)
    found = findings(settings, driver)
    text = "\n".join(ill(found))
    for named in ("VM.Clone", "VM.Config.Cloudinit", "SDN.Use", "/storage/shared", "on /nodes"):
        assert named in text
    carry_out(shell, found)
    assert ill(findings(settings, driver)) == []


def test_the_doctors_own_lines_mend_templates_firewall_and_backup(
    lab: LabCluster, settings: Settings, driver: Any, shell: NodeShell
) -> None:
    as_the_script_grants(lab, frozenset({"Sys.Modify"}))

    def spoil(pve: Any) -> None:
        config = pve.vm(9000).config
        for key in ("ide2", "agent", "serial0", "boot", "scsihw"):
            config.pop(key, None)
        config["net0"] = str(config["net0"]).replace(",firewall=1", "")

    lab.call(spoil)
    shell.run("pvesh set /cluster/firewall/options --enable 0")
    wanted = {"backup_job": "nightly"}
    found = findings(settings, driver, **wanted)
    text = "\n".join(ill(found))
    for named in (
        "no cloud-init drive", "guest agent", "serial console", "boot from scsi0",
        "slow controller", "firewall off", "firewall of the datacenter", "no backup job nightly",
    ):  # fmt: skip
        assert named in text, text
    carry_out(shell, found)
    assert ill(findings(settings, driver, **wanted)) == []
    shell.run("pvesh set /cluster/backup/nightly --enabled 0")
    off = findings(settings, driver, **wanted)
    assert ill(off) == ["The backup job nightly is switched off."]
    carry_out(shell, off)
    assert ill(findings(settings, driver, **wanted)) == []


def test_it_never_writes_and_asks_little(lab: LabCluster, settings: Settings, driver: Any) -> None:
    before = lab.state()
    findings(settings, driver, backup_job="nightly", pool="opd-dinkes")
    after = lab.state()
    for kept in ("vms", "volumes", "tasks"):
        assert before[kept] == after[kept]
    assert after["calls"] - before["calls"] <= MOST_CALLS
