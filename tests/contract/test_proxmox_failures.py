"""The table of texts: each row by a text that a real cluster says, and who must act."""

from __future__ import annotations

import pytest

from provisioner.drivers.hypervisor import VmidTaken
from provisioner.drivers.proxmox.failures import ROWS, from_text
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from provisioner.texts import render, translate

TEXTS: list[tuple[str, str, type[StepFailure]]] = [
    ("1", "VM 9000 already exists", VmidTaken),
    ("2", "unable to create VM 2001: config file already exists", VmidTaken),
    ("2", "clone failed: unable to create VM 2001: config file already exists", VmidTaken),
    ("3", "can't lock file '/var/lock/qemu-server/lock-9000.conf' - got timeout", Retriable),
    ("4", "error: got timeout", Retriable),
    ("5", "can't lock file '/var/lock/pve-manager/pve-storage-local-lvm' - got timeout", Retriable),
    ("5", "clone failed: cfs-lock 'storage-nfs' error: got lock request timeout", Retriable),
    ("5", "'storage-nfs'-locked command timed out - aborting", Retriable),
    ("8", "hostname lookup 'nosuch' failed - failed to get address info for: nosuch", ActionNeeded),
    ("8", "no such cluster node 'pve9'", ActionNeeded),
    ("11", "got no worker upid - start worker failed", Retriable),
    ("12", "can't clone VM to node 'pve2' (VM uses local storage)", Refused),
    ("12", "can't clone to non-shared storage 'local-lvm'", Refused),
    ("12", "unable to find configuration file for VM 9000 on node 'pve2'", Refused),
    ("13", "parameter 'storage' not allowed for linked clones", Refused),
    ("13", "Linked clone feature is not supported for 'local-lvm:vm-1-disk-0' (scsi0)", Refused),
    ("13", "base volume 'local:9000/b.qcow2' is still in use by linked cloned", ActionNeeded),
    ("14", "VM is locked (clone)", Retriable),
    ("14", "CT is locked (backup)", Retriable),
    ("16", "VM 2001 is running - destroy failed", Retriable),
    ("16", "can't remove VM 2001 - protection mode enabled", ActionNeeded),
    (
        "16",
        "unable to remove VM 1 - used in HA resources and purge parameter not set.",
        ActionNeeded,
    ),
    ("20", "shrinking disks is not supported", Refused),
    ("20", "disk 'scsi7' does not exist", Refused),
    ("20", "volume 'nfs:2001/vm-2001-disk-0.qcow2' does not exist", Retriable),
    ("24", "SSH public key validation error", Refused),
    ("24", "sshkeys: invalid format - invalid urlencoded string: ssh-ed25519 A", Refused),
    ("28", "only root can set 'args' config", Refused),
    ("31", "cluster not ready - no quorum?", Retriable),
    ("", "checksum mismatch (file change by other user?)", Retriable),
    ("", "unable to write to storage 'shared': No space left on device", ActionNeeded),
    ("", "lvcreate 'pve/vm-1-disk-0' error: insufficient free space", ActionNeeded),
    ("", "storage 'nfs' is not online", Retriable),
    ("", "storage 'nfs' does not exist", ActionNeeded),
    ("", "no such pool 'opd-x'", ActionNeeded),
    ("", "start failed: QEMU: Cannot allocate memory", ActionNeeded),
    ("", "received interrupt", ActionNeeded),
    ("10", "unexpected status", OutcomeUnknown),
    ("", "detected modified configuration - file changed by other user? Try again.", Retriable),
    ("", "snapshot name 'before' already used", Refused),
    ("", "unable to use snapshot name 'current' (reserved name)", Refused),
    ("", "snapshot feature is not available", Refused),
    ("", "you can't take a snapshot if it's a template", Refused),
    ("", "you can't delete a snapshot if vm is a template", Refused),
    ("", "you can't rollback if vm is a template", Refused),
    ("", "snapshot 'before' does not exist", Refused),
    ("", "can't rollback, more recent snapshots exist", ActionNeeded),
    ("", "unable to rollback to incomplete snapshot (snapstate = delete)", ActionNeeded),
    ("", "snapshot 'a' needed by replication job '1-0' - run replication first", Retriable),
    ("", "can't migrate running VM without --online", Retriable),
    ("12", "can't live migrate attached local disks without with-local-disks option", Refused),
    ("12", "can't migrate VM with local disks", Refused),
    ("12", "can't migrate VM which uses local devices: hostpci0", Refused),
    ("12", "migration aborted: can't migrate local disk 'local-lvm:vm-1-disk-0'", Refused),
    ("12", "storage 'local-lvm' is not available on node 'pve2'", ActionNeeded),
    ("", "Can't connect to destination address using public key", ActionNeeded),
    ("", "migration problems", ActionNeeded),
    ("", "job errors: only 3 backups allowed - max backup limit of 3", ActionNeeded),
    ("", "cannot remove protected volume 'backup/vzdump-qemu-1.vma.zst' on 'local'", ActionNeeded),
    ("", "can't use storage 'local-lvm' for backups - wrong content type", ActionNeeded),
    ("", "can't acquire lock '/var/run/vzdump.lock' - got timeout", Retriable),
    ("14", "job errors: VM is locked (backup)", Retriable),
    ("", "job errors", ActionNeeded),
    ("", "job errors: No space left on device", ActionNeeded),
    ("", "unable to restore VM 2001 - vm is running", Retriable),
    ("", "unable to restore VM 2001 - protection mode enabled", ActionNeeded),
    ("", "can't find file 'local:backup/vzdump-qemu-2001-2026.vma.zst'", Refused),
    ("", "ERROR: file 'x' does not look like a QemuServer vzdump backup", Refused),
    ("", "no such vzdump job", ActionNeeded),
    ("", "No such job 'b1'", ActionNeeded),
    ("", "create pool failed: pool 'opd-x' already exists", Retriable),
    ("", "parent 'opd' of pool 'opd/x' does not exist", ActionNeeded),
    ("", "VM 1 belongs already to pool 'opd-x' and 'allow-move' is not set", ActionNeeded),
    ("", "name: IPSet 'ipfilter-net0' already exists", Retriable),
    ("", "no rule at position 3", Retriable),
    ("26", "QEMU guest agent is not running", Retriable),
    ("26", "No QEMU guest agent configured", Retriable),
    ("26", "VM 1 qmp command 'guest-file-open' failed - got timeout", Retriable),
    ("26", "Agent error: failed to open file '/x' (mode: 'w+'): Permission denied", ActionNeeded),
    ("26", "VM 2001 is not running", ActionNeeded),
    ("", "VM quit/powerdown failed - got timeout", ActionNeeded),
    ("", "VM is paused - cannot shutdown", ActionNeeded),
    ("", "checksum mismatch: got 'a' != expect 'b'", ActionNeeded),
    ("", "download failed: 404 Not Found", ActionNeeded),
    ("", "storage 'local' is not configured for content-type 'import'", ActionNeeded),
    ("", "you can't convert a VM to template if VM is running", Retriable),
    ("", "unable to create template, because VM contains snapshots", Refused),
    ("", "something that nobody has seen before", ActionNeeded),
]


@pytest.mark.parametrize(("pitfall", "text", "kind"), TEXTS)
def test_who_must_act(pitfall: str, text: str, kind: type[StepFailure]) -> None:
    """Pitfalls 1-5, 8, 10-14, 16, 20, 24, 28, 31 by their exact texts."""
    failure = from_text(text, cluster="dc1", log=["the log"])
    assert type(failure) is kind
    assert text in str(failure.what)
    assert failure.log == ("the log",)
    for language in ("id", "en"):
        for message in (failure.what, failure.meaning, failure.next):
            assert "%(" not in render(message, language)


def test_every_row_is_tried() -> None:
    tried = [text for _, text, _ in TEXTS]
    reached = {from_text(text, cluster="dc1").meaning.template for text in tried}
    assert {row.meaning.template for row in ROWS} <= reached


def test_every_text_is_translated() -> None:
    for row in ROWS:
        for message in (row.meaning, row.next):
            assert translate(message.template, "id") != message.template


def test_an_unknown_answer_to_a_question_is_asked_again() -> None:
    assert isinstance(from_text("what?", cluster="dc1", reading=True), Retriable)


def test_a_value_that_is_not_accepted_is_refused() -> None:
    """Pitfall 33."""
    text = "Parameter verification failed. name: invalid format - not a valid DNS name"
    assert isinstance(from_text(text, cluster="dc1", status=400), Refused)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Permission check failed (/vms/9000, VM.Clone)", "--privs VM.Clone &&"),
        (
            "Permission check failed (/vms/2002, VM.Config.Disk|VM.Config.CPU)",
            "--privs VM.Config.Disk,VM.Config.CPU && pveum acl modify /vms/2002 ",
        ),
        (
            "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)",
            "pveum acl modify /sdn/zones/localnetwork/vmbr0 --roles Provisioner",
        ),
        ("Permission check failed", "rights"),
    ],
)
def test_a_missing_right_is_named(text: str, expected: str) -> None:
    failure = from_text(text, cluster="dc1", status=403, token_id="u@pve!t")
    assert isinstance(failure, ActionNeeded)
    assert failure.who == "administrator"
    assert expected in str(failure.next)


def test_a_right_on_everything_is_given_by_a_role_of_its_own() -> None:
    """The role of the VMs on / would let the token at every VM of the cluster."""
    text = "Permission check failed (/, Sys.Modify)"
    failure = from_text(text, cluster="dc1", status=403, token_id="u@pve!t")
    assert "pveum role add ProvisionerRoot; " in str(failure.next)
    assert "acl modify / --roles ProvisionerRoot" in str(failure.next)
    assert "--propagate 0" in str(failure.next)


def test_only_the_narrowest_right_to_the_agent_is_asked_for() -> None:
    text = "Permission check failed (/vms/1, VM.GuestAgent.FileWrite|VM.GuestAgent.Unrestricted)"
    failure = from_text(text, cluster="dc1", status=403, token_id="u@pve!t")
    assert "--privs VM.GuestAgent.FileWrite &&" in str(failure.next)


def test_a_missing_pool_is_no_missing_right() -> None:
    text = "Permission check failed (pool 'opd-x' does not exist)"
    failure = from_text(text, cluster="dc1", status=403)
    assert "pveum pool add opd-x" in str(failure.next)
