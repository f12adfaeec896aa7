"""The traps of cloud-init, agents, rights and the cluster itself (21 to 34), played by the lab."""

from __future__ import annotations

import re
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisioner.drivers.hypervisor import (
    Configure,
    FirewallRule,
    Machine,
    PowerOff,
    PowerOn,
    SetFirewall,
    TemplateKey,
    WriteGuestFile,
)
from provisioner.drivers.proxmox import ProxmoxCluster
from provisioner.errors import ActionNeeded, Refused, Retriable, StepFailure
from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import LabPlan
from tests.contract.scripted import ScriptedCluster, refusal
from tests.contract.stages import CLONE, Stage, booted, cluster_settings
from tests.contract.test_proxmox_suite import KEY


def failure_of(on: Stage, order: Configure) -> StepFailure | None:
    """What an order fails with, at the call or in its task."""
    try:
        return on.finish(on.driver.submit(order)).failure
    except StepFailure as failure:
        return failure


def test_pitfall_21_a_template_without_a_cloud_init_drive_is_seen(
    on: Stage, vm: Callable[[], Machine]
) -> None:
    """Options would be stored and do nothing. A clone has a drive of its own."""
    key = TemplateKey(vmid=9011)
    (template,) = on.driver.facts((key,)).templates
    assert template.cloud_init
    on.call("PUT", "nodes", "pve1", "qemu", 9011, "config", delete="ide2")
    (template,) = on.driver.facts((key,)).templates
    assert not template.cloud_init
    drives = [volume for _, volume in on.driver.volumes(2001) if "cloudinit" in volume]
    assert drives
    assert all("vm-2001-cloudinit" in drive for drive in drives)


def test_pitfall_22_packages_are_not_upgraded_at_first_boot(
    on: Stage, vm: Callable[[], Machine]
) -> None:
    on.finish(on.driver.submit(Configure(2001, "pve1", {"ciuser": "dinkes"})))
    assert vm().options["ciupgrade"] == "0"
    on.finish(on.driver.submit(Configure(2001, "pve1", {"ciuser": "dinkes", "ciupgrade": "1"})))
    assert vm().options["ciupgrade"] == "1"  # as asked


def host_keys(stage: Stage, machine: Machine) -> tuple[str, ...]:
    """They are made in the guest's first moments, after its address is there."""
    deadline = time.monotonic() + stage.boot_seconds
    while not (keys := stage.driver.guest(machine).host_keys):
        assert time.monotonic() < deadline, "the guest has no host key"
        time.sleep(0.05)
    return keys


def test_pitfall_23_a_change_does_not_make_the_guest_a_new_one(
    on: Stage, vm: Callable[[], Machine]
) -> None:
    """No option of cloud-init is written with a change of another kind: the host key stays."""
    machine = booted(on, 2001)
    before = host_keys(on, machine)
    inits = {key: value for key, value in machine.options.items() if key.startswith("ci")}
    for order in (
        Configure(2001, "pve1", {"memory": "1024"}),
        PowerOff(2001, "pve1"),
    ):
        on.finish(on.driver.submit(order))
    assert {k: v for k, v in vm().options.items() if k.startswith("ci")} == inits
    assert host_keys(on, booted(on, 2001)) == before


def test_pitfall_24_keys_arrive_as_they_were_given(on: Stage, vm: Callable[[], Machine]) -> None:
    keys = f"\n{KEY}\n\n  {KEY.replace('@', '+')} \n"
    assert failure_of(on, Configure(2001, "pve1", {"sshkeys": keys})) is None
    assert vm().options["sshkeys"] == f"{KEY}\n{KEY.replace('@', '+')}"
    broken = failure_of(on, Configure(2001, "pve1", {"sshkeys": "ssh-ed25519 AAAA x"}))
    assert isinstance(broken, Refused)


def test_pitfall_25_no_snippet_is_needed(on: Stage, vm: Callable[[], Machine]) -> None:
    """User, key and address reach the guest by PVE's own options alone."""
    on.finish(on.driver.submit(Configure(2001, "pve1", {"sshkeys": KEY})))
    machine = booted(on, 2001)
    assert "cicustom" not in machine.options
    found = on.driver.guest_file(machine, "/home/dinkes/.ssh/authorized_keys")
    assert found is not None
    assert KEY.split()[1] in found


@pytest.mark.parametrize("fault", ["agent-silent", "agent-dead"])
def test_pitfall_26_an_agent_that_does_not_answer_is_not_yet_there(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine], fault: str
) -> None:
    machine = vm()
    assert not on.driver.guest(machine).answering  # switched off
    with pytest.raises(Retriable):
        on.driver.guest_file(machine, "/etc/hostname")
    machine = booted(on, 2001)
    lab.fault(fault)
    report = on.driver.guest(machine)
    assert (report.answering, report.addresses) == (False, frozenset())
    assert on.driver.guest_facts(machine).hostname == ""
    with pytest.raises(Retriable):
        on.driver.guest_file(machine, "/etc/hostname")
    with pytest.raises(Retriable):
        on.driver.submit(WriteGuestFile(2001, "pve1", "/etc/office", "x"))
    lab.clear(fault)
    assert on.driver.guest(machine).addresses == {on.address}


@pytest.mark.parametrize(
    "right",
    [
        "/vms/9000, VM.Clone",
        "/pool/opd-dinkes, VM.Allocate",
        "/storage/shared, Datastore.AllocateSpace",
        "/sdn/zones/localnetwork/vmbr0, SDN.Use",
    ],
)
def test_pitfall_27_a_missing_right_is_named_with_the_line_that_gives_it(
    lab: LabCluster, on: Stage, right: str
) -> None:
    lab.fault(
        "error",
        method="POST",
        path="/clone",
        status=403,
        text=f"Permission check failed ({right})",
    )
    with pytest.raises(ActionNeeded) as caught:
        on.driver.submit(CLONE)
    path, _, privilege = right.partition(", ")
    assert f"pveum acl modify {path} --roles Provisioner" in str(caught.value.next)
    assert f"--privs {privilege}" in str(caught.value.next)
    assert caught.value.who == "administrator"


@pytest.mark.parametrize(
    ("version", "there", "elsewhere"),
    [
        ("9.1.8", "VM.GuestAgent.Audit", "VM.Monitor"),
        ("8.4.5", "VM.Monitor", "VM.GuestAgent.Audit"),
    ],
)
def test_pitfall_27_the_rights_of_8_and_9_are_told_as_they_are(
    version: str, there: str, elsewhere: str
) -> None:
    with LabCluster(LabPlan(version=version)) as lab:
        settings = cluster_settings(lab.urls, lab.fingerprints, token_id=lab.token_id)
        driver = ProxmoxCluster("dc1", settings, lambda: lab.token_secret, Path("/"))
        rights = driver.rights()
        driver.close()
    assert rights.version == version
    assert rights.has("/vms/2001", there)
    assert not rights.has("/vms/2001", elsewhere)


def test_pitfall_28_a_token_is_never_root(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    text = "only root can set 'args' config"
    lab.fault("error", method="POST", path="/config", status=500, text=text)
    failure = failure_of(on, Configure(2001, "pve1", {"args": "-device x"}))
    assert isinstance(failure, Refused)
    assert "only root can set 'args'" in str(failure.what)


def test_pitfall_28_a_token_without_rights_is_told_so(
    scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    row = {"type": "node", "node": "pve1", "status": "online"}
    scripted.on("GET", "/cluster/resources", [row])
    with pytest.raises(ActionNeeded, match=r"/nodes, Sys\.Audit"):
        script.facts()


def test_pitfall_29_a_wrong_secret_is_tried_once(
    lab: LabCluster, on: Stage, scripted: ScriptedCluster, script: ProxmoxCluster
) -> None:
    lab.fault("token-revoked")
    with pytest.raises(ActionNeeded) as caught:
        on.driver.facts()
    assert caught.value.who == "administrator"
    scripted.on("GET", "/cluster/resources", refusal("Authentication failed!", 401))
    for _ in range(3):
        with pytest.raises(ActionNeeded):
            script.facts()
    assert len(scripted.seen) == 1


def test_pitfall_30_a_listing_that_lags_hides_nothing(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    """A VM of a moment ago is found by its number; those switched off and templates are listed."""
    assert vm().node == "pve1"
    facts = on.driver.facts()
    assert any(guest.template for guest in facts.guests)
    assert any(guest.power == "stopped" and not guest.template for guest in facts.guests)
    lab.fault("node-offline", node="pve3")
    assert on.driver.machine(2001) is not None  # still answered by the others
    with pytest.raises(Retriable, match="pve3"):
        on.driver.machine(next(g.vmid for g in facts.guests if g.node == "pve3"))


def test_pitfall_31_without_quorum_is_waited(lab: LabCluster, on: Stage) -> None:
    lab.fault("no-quorum")
    assert not on.driver.facts().quorate
    with pytest.raises(Retriable, match="quorum"):
        on.driver.submit(CLONE)
    lab.clear("no-quorum")
    assert on.driver.facts().quorate
    assert on.finish(on.driver.submit(CLONE)).status == "ok"


def test_pitfall_32_what_a_clone_inherits_is_seen(on: Stage) -> None:
    """Firewall rules of the template, which come along, are read and left; MAC and UUID are new."""
    assert on.finish(on.driver.submit(CLONE)).status == "ok"
    rules = ("nodes", "pve1", "qemu", 2001, "firewall", "rules")
    rule = {"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "5900", "enable": 1}
    on.call("POST", *rules, comment="of the template", **rule)
    machine, template = on.driver.machine(2001), on.driver.machine(9000)
    assert machine is not None
    assert template is not None
    assert machine.uuid != template.uuid
    assert _mac(machine) != _mac(template)
    inherited = FirewallRule("tcp", 5900, "of the template")
    assert inherited in on.driver.firewall(machine).rules
    ours = FirewallRule("tcp", 22, "provisioner: request VPS-2026-0001")
    on.driver.submit(SetFirewall(2001, "pve1", (ours,), (on.address,)))
    assert set(on.driver.firewall(machine).rules) == {inherited, ours}


def test_pitfall_33_names_are_dns_names_and_not_unique(
    on: Stage, vm: Callable[[], Machine]
) -> None:
    with pytest.raises(Refused, match="valid DNS name"):
        on.driver.submit(replace(CLONE, vmid=2002, name="web_dinkes"))
    assert on.finish(on.driver.submit(replace(CLONE, vmid=2002))).status == "ok"
    other = on.driver.machine(2002)
    assert other is not None
    assert other.name == vm().name
    assert other.uuid != vm().uuid


def test_pitfall_34_a_tokens_task_is_read_and_known_again(
    lab: LabCluster, on: Stage, vm: Callable[[], Machine]
) -> None:
    """Its name has the token in it, which stands escaped in the path; and others' are not ours."""
    before = datetime.now(UTC)
    order = PowerOn(2001, "pve1")
    theirs = on.call("POST", "nodes", "pve1", "qemu", 2001, "status", "start")
    assert "root@pam" in theirs
    assert on.driver.order_task(order, before) is None
    handle = on.driver.submit(order)
    assert f":{lab.token_id}:" in handle.id
    assert urllib.parse.quote(handle.id, safe="") != handle.id
    assert on.finish(handle).status == "ok"
    assert on.driver.order_task(order, before) == handle


def _mac(machine: Machine) -> str:
    found = re.search(r"virtio=([0-9A-F:]{17})", machine.options["net0"])
    assert found
    return found[1]
