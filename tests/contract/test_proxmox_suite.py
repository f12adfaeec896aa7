"""The driver suite: the same on the unmodified fakepve and on the lab's cluster, over real TLS."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provisioner.drivers.hypervisor import (
    Clone,
    Configure,
    Destroy,
    FreeVolume,
    GrowDisk,
    PowerOff,
    PowerOn,
    TemplateKey,
    VmidTaken,
)
from provisioner.errors import Refused
from tests.contract.stages import Stage

KEY = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ75wwyKHtlY+AO5SDlqcAW9n6fY3yJT506wwaaiKzys "
    "applicant@example"
)
MARK = "provisioner VPS-2026-0001"


def clone(stage: Stage, vmid: int = 2001, **changes: object) -> Clone:
    values: dict[str, object] = {
        "template": stage.template,
        "template_node": stage.node,
        "vmid": vmid,
        "node": stage.node,
        "name": "web-dinkes",
        "description": MARK,
        "kind": "linked",
    }
    return Clone(**{**values, **changes})  # type: ignore[arg-type]


def test_facts_show_nodes_storages_guests_and_the_template(stage: Stage) -> None:
    facts = stage.driver.facts((TemplateKey(vmid=9000), TemplateKey(vmid=4711)))
    assert facts.cluster == "dc1"
    assert facts.quorate
    nodes = {node.name: node for node in facts.nodes}
    assert nodes[stage.node].online
    assert nodes[stage.node].cores > 0
    assert nodes[stage.node].memory_mb > nodes[stage.node].memory_used_mb > 0
    storages = {(s.node, s.name): s for s in facts.storages}
    shared = storages[stage.node, stage.storage]
    assert shared.shared
    assert shared.active
    assert "images" in shared.content
    assert not storages[stage.node, "local-lvm"].shared
    assert any(guest.vmid == 9000 and guest.template for guest in facts.guests)
    (template,) = facts.templates
    assert (template.vmid, template.node, template.disk) == (9000, stage.node, "scsi0")
    assert template.disk_gb == 2
    assert template.storage == stage.storage
    assert template.storage_shared
    assert template.cloud_init
    assert template.agent
    assert template.linked_clone
    assert "bridge=vmbr0" in template.net0


def test_facts_find_templates_by_tag(stage: Stage) -> None:
    found = stage.driver.facts((TemplateKey(tag="tpl-debian-13"),)).templates
    assert found
    assert all(template.disk == "scsi0" for template in found)


def test_facts_name_the_bridges_of_each_node(stage: Stage) -> None:
    facts = stage.driver.facts()
    assert facts.bridges[stage.node] == {"vmbr0"}


def test_no_machine_where_the_number_is_free(stage: Stage) -> None:
    assert stage.driver.machine(2999) is None


def test_a_vm_lives_from_clone_to_destroy(stage: Stage) -> None:
    """Pitfalls 10, 12, 16, 18, 24: one VM through every order."""
    driver, finish = stage.driver, stage.finish
    assert finish(driver.submit(clone(stage))).status == "ok"
    machine = driver.machine(2001)
    assert machine is not None
    assert (machine.name, machine.description) == ("web-dinkes", MARK)
    assert machine.power == "stopped"
    assert machine.lock is None
    assert not machine.template
    assert machine.disks_gb == {"scsi0": 2}
    template = driver.machine(9000)
    assert template is not None
    assert machine.uuid
    assert machine.uuid != template.uuid

    options = {
        "cores": "2",
        "memory": "1024",
        "tags": "provisioner;vps-2026-0001",
        "ciuser": "dinkes",
        "sshkeys": f"{KEY}\n\n",
        "ipconfig0": "ip=10.10.10.120/24,gw=10.10.10.1",
    }
    order = Configure(2001, machine.node, options, digest=machine.digest)
    assert finish(driver.submit(order)).status == "ok"
    machine = driver.machine(2001)
    assert machine is not None
    assert (machine.cores, machine.memory_mb) == (2, 1024)
    assert machine.tags == {"provisioner", "vps-2026-0001"}
    assert machine.options["sshkeys"] == KEY
    assert machine.options["ciupgrade"] == "0"

    for _ in range(2):
        assert finish(driver.submit(PowerOn(2001, machine.node))).status == "ok"
    running = driver.machine(2001)
    assert running is not None
    assert running.power == "running"
    for _ in range(2):
        assert finish(driver.submit(PowerOff(2001, machine.node))).status == "ok"

    destroy = Destroy(2001, machine.node, machine.uuid, MARK)
    assert finish(driver.submit(destroy)).status == "ok"
    assert driver.machine(2001) is None
    assert driver.volumes(2001) == ()
    again = driver.submit(destroy)
    assert again.id == ""
    assert finish(again).status == "ok"


def test_a_disk_grows_to_an_absolute_size_and_never_shrinks(stage: Stage) -> None:
    """Pitfall 20."""
    stage.finish(stage.driver.submit(clone(stage)))
    for _ in range(2):
        grown = stage.finish(stage.driver.submit(GrowDisk(2001, stage.node, "scsi0", 5)))
        assert grown.status == "ok"
    machine = stage.driver.machine(2001)
    assert machine is not None
    assert machine.disks_gb == {"scsi0": 5}
    state = stage.finish(stage.driver.submit(GrowDisk(2001, stage.node, "scsi0", 3)))
    assert state.status == "failed"
    assert isinstance(state.failure, Refused)
    assert "shrinking disks is not supported" in state.exit


def test_a_full_clone_goes_to_another_node(stage: Stage) -> None:
    """Pitfalls 12, 13: the target is named only where it differs, the storage only if full."""
    order = clone(stage, kind="full", node=stage.other_node, storage=stage.storage)
    assert stage.finish(stage.driver.submit(order)).status == "ok"
    machine = stage.driver.machine(2001)
    assert machine is not None
    assert machine.node == stage.other_node


def test_a_taken_number_is_told_apart(stage: Stage) -> None:
    """Pitfall 2: the other guest is never taken for ours."""
    stage.stand(2001, stage.other_node)
    with pytest.raises(VmidTaken) as caught:
        stage.driver.submit(clone(stage))
    assert caught.value.slug == "vmid-taken"
    assert isinstance(caught.value, Refused)


def test_a_clone_is_found_by_the_log_of_its_task(stage: Stage) -> None:
    """Pitfalls 9, 34: the task carries the template's VMID and our whole token as its user."""
    order = clone(stage)
    before = datetime.now(UTC)
    handle = stage.driver.submit(order)
    stage.finish(handle)
    assert stage.driver.clone_task(order, before) == handle
    assert stage.driver.clone_task(clone(stage, 2002), before) is None
    assert stage.driver.clone_task(order, before + timedelta(minutes=1)) is None


def test_a_strangers_vm_is_never_destroyed(stage: Stage) -> None:
    """Pitfall 16: UUID or mark are compared right before the call."""
    stage.stand(2001, stage.node)
    for uuid, description in (
        ("11111111-2222-3333-4444-555555555555", ""),
        (None, MARK),
        (None, ""),
    ):
        with pytest.raises(Refused):
            stage.driver.submit(Destroy(2001, stage.node, uuid, description))
    with pytest.raises(Refused):
        stage.driver.submit(Destroy(9000, stage.node, None, ""))
    assert stage.driver.machine(2001) is not None


def test_what_a_failed_clone_left_is_found_and_freed(stage: Stage) -> None:
    """Pitfall 15."""
    volume = stage.plant(2005)
    left = stage.driver.volumes(2005)
    assert volume in {found for _, found in left}
    for node, found in left:
        assert stage.finish(stage.driver.submit(FreeVolume(2005, node, found))).status == "ok"
    assert stage.driver.volumes(2005) == ()


def test_only_left_overs_are_freed(stage: Stage) -> None:
    """Pitfall 15: neither another VM's volume nor that of a VM that exists."""
    stage.stand(2005, stage.node)
    for volume in (f"{stage.storage}:9000/base-9000-disk-0.qcow2", "shared:2005/vm-2005-disk-0"):
        with pytest.raises(Refused):
            stage.driver.submit(FreeVolume(2005, stage.node, volume))


def test_a_linked_clone_sends_no_storage(stage: Stage) -> None:
    """Pitfall 13: with one, the cluster would refuse."""
    order = clone(stage, storage=stage.storage)
    assert stage.finish(stage.driver.submit(order)).status == "ok"
