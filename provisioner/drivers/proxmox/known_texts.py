"""What a cluster's own words mean, and who must act, in every kind of work: a table."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.drivers.hypervisor import VmidTaken
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from provisioner.texts import Message, say

WAIT = say("Nothing to do: it is tried again by itself.")
LOOK = say("Look at the VM and at the cluster's task list, then choose retry or stop.")
REPORT = say("Stop this run and plan the request again; tell the administrator if it recurs.")


@dataclass(frozen=True)
class Row:
    """One text of the cluster; ``pitfall`` is its number in the list of known traps, 0 if none."""

    pitfall: int
    pattern: str
    kind: type[StepFailure]
    meaning: Message
    next: Message
    who: str = "technician"
    after: float = 2.0


ROWS: tuple[Row, ...] = (
    Row(
        2,
        r"config file already exists|unable to create (VM|CT) \d+ - (VM|CT) \d+ already exists"
        r"|\b(VM|CT) \d+ already exists",
        VmidTaken,
        say("The number of this VM already belongs to another guest of the cluster."),
        say("Plan the request again: another number will be taken. The other guest is untouched."),
    ),
    Row(
        31,
        r"no quorum|cluster not ready|unable to open file '/etc/pve/[^']*' - Permission denied",
        Retriable,
        say("The cluster's nodes cannot agree at the moment, so it accepts no change."),
        say("It is tried again by itself; the administrator checks the links between the nodes."),
        after=30,
    ),
    Row(
        11,
        r"got no worker upid",
        Retriable,
        say("The node could not begin the task; nothing was started."),
        WAIT,
    ),
    Row(
        5,
        r"got lock request timeout|locked command timed out|/pve-storage-.*got timeout",
        Retriable,
        say("The storage is busy with other work."),
        WAIT,
        after=10,
    ),
    Row(
        3,
        r"can't lock file .*got timeout|unable to acquire .*lock",
        Retriable,
        say("Another task is working on the same VM."),
        WAIT,
        after=3,
    ),
    Row(
        14,
        r"(VM|CT) is locked \((?P<lock>[\w-]+)\)",
        Retriable,
        say("The VM is locked by other work on it (%(lock)s)."),
        say(
            "It is tried again by itself. If the lock stays although no task runs, "
            "the administrator removes it with `qm unlock`."
        ),
        after=10,
    ),
    Row(
        20,
        r"volume .* does not exist|volume '.*' .*not found",
        Retriable,
        say("The storage does not show the new disk yet."),
        WAIT,
        after=5,
    ),
    Row(
        0,
        r"checksum mismatch|file changed? by other user|detected modified configuration",
        Retriable,
        say("The VM's settings changed while they were being written; nothing was changed."),
        WAIT,
    ),
    Row(
        16,
        r"is running - destroy failed",
        Retriable,
        say("The VM still runs, so the cluster does not remove it."),
        WAIT,
    ),
    Row(
        16,
        r"protection mode enabled",
        ActionNeeded,
        say("Somebody protected this VM against removal."),
        say('Find out why; switch its option "Protection" off in the cluster, then retry.'),
    ),
    Row(
        16,
        r"used in HA resources",
        ActionNeeded,
        say("The cluster keeps this VM running by itself (high availability)."),
        say("Remove the VM from the cluster's HA resources, then retry."),
        who="administrator",
    ),
    Row(
        13,
        r"is still in use by linked clone",
        ActionNeeded,
        say("Other VMs are built on this disk, so it cannot be removed."),
        say("Remove or move those VMs first."),
    ),
    Row(
        0,
        r"No space left on device|out of space|not enough (free )?space|insufficient free space"
        r"|[Dd]isk quota exceeded|storage .* is full|out of data space|full ratio",
        ActionNeeded,
        say("The storage is full."),
        say("Free space on the storage or add some, then retry."),
        who="administrator",
    ),
    Row(
        0,
        r"[Cc]annot allocate memory|not enough memory",
        ActionNeeded,
        say("The node has no memory left for this VM."),
        say("Free memory on the node, then retry, or stop the run and plan anew."),
        who="administrator",
    ),
    Row(
        0,
        r"storage '(?P<name>[^']+)' is not (online|available)|rbd error|Connection timed out"
        r"|storage .* not (active|mounted)",
        Retriable,
        say("The storage does not answer at the moment."),
        say("It is tried again by itself; the administrator checks the storage if it stays so."),
        after=15,
    ),
    Row(
        0,
        r"storage '(?P<name>[^']+)' does not exist|storage '[^']+' does not support vm images",
        ActionNeeded,
        say("The storage that the configuration names is not to be used on this cluster."),
        say("Correct `disk_storage` in provisioner.toml or the catalogue, then plan again."),
        who="administrator",
    ),
    Row(
        27,
        r"(no such pool|pool) '(?P<pool>[^']+)'( does not exist)?",
        ActionNeeded,
        say("The cluster has no pool %(pool)s."),
        say("Run `pveum pool add %(pool)s` on a node, or correct `pool`, then retry."),
        who="administrator",
    ),
    Row(
        12,
        r"VM uses local storage|can't clone to non-shared storage",
        Refused,
        say("The template's disk is on a storage that the chosen node does not reach."),
        REPORT,
    ),
    Row(
        13,
        r"not allowed for linked clones|[Ll]inked clone feature (is )?not supported",
        Refused,
        say("The storage cannot make this kind of clone of the template."),
        REPORT,
    ),
    Row(
        20,
        r"shrinking disks is not supported",
        Refused,
        say("The disk is already larger than asked, and disks never shrink."),
        say("Choose a size with a larger disk and plan the request again."),
    ),
    Row(
        20,
        r"disk '(?P<disk>[^']+)' does not exist",
        Refused,
        say("The VM has no disk %(disk)s."),
        REPORT,
    ),
    Row(
        24,
        r"SSH public key validation error|invalid urlencoded string",
        Refused,
        say("The cluster does not accept one of the SSH keys."),
        say("Ask the applicant for a valid public key and correct the request."),
    ),
    Row(
        28,
        r"only root can set|Only root may use",
        Refused,
        say("The cluster lets nobody but root change this, whatever the token may do."),
        REPORT,
    ),
    Row(
        8,
        r"hostname lookup '(?P<node>[^']+)' failed|no such cluster node '(?P<node2>[^']+)'",
        ActionNeeded,
        say("The cluster does not know or reach the node any more."),
        say("Check the node's name and address in the cluster, then retry or plan again."),
        who="administrator",
    ),
    Row(
        12,
        r"unable to find configuration file for VM|Configuration file '[^']*' does not exist",
        Refused,
        say("The VM or template is no longer there."),
        say("Plan the request again, so that it is looked up anew."),
    ),
    Row(
        0,
        r"received interrupt|interrupted by signal|aborted by user",
        ActionNeeded,
        say("Somebody stopped the task on the cluster."),
        LOOK,
    ),
    Row(
        10,
        r"^unexpected status$|worker .*died",
        OutcomeUnknown,
        say("The task ended without a word, as when a node restarts; how far it came is unknown."),
        LOOK,
    ),
    Row(
        4,
        r"got timeout",
        Retriable,
        say("The node was too busy to do it in time; nothing was changed."),
        WAIT,
        after=5,
    ),
)
