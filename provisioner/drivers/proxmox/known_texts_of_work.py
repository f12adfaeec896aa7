"""What a cluster says of one kind of work (snapshots, moves, backups, the guest …): a table."""

from __future__ import annotations

from provisioner.drivers.proxmox.known_texts import LOOK, REPORT, WAIT, Row
from provisioner.errors import ActionNeeded, Refused, Retriable
from provisioner.texts import say

_ADMINISTRATOR = "administrator"

_SNAPSHOTS = (
    Row(
        0,
        r"snapshot name '(?P<name>[^']+)' already used",
        Refused,
        say("The VM already has a snapshot with the name %(name)s."),
        say("Choose another name, or delete that snapshot first."),
    ),
    Row(
        0,
        r"unable to use snapshot name|snapname: invalid format",
        Refused,
        say("The cluster does not allow this name for a snapshot."),
        say("Choose another name: letters, digits, - and _, beginning with a letter."),
    ),
    Row(
        0,
        r"snapshot feature is not available",
        Refused,
        say("A disk of the VM is on a storage that cannot make snapshots."),
        say("Make a backup instead, or have the administrator move the disk."),
    ),
    Row(
        0,
        r"snapshot if (it's|vm is) a template|rollback if vm is a template",
        Refused,
        say("It is a template, and templates have no snapshots."),
        REPORT,
    ),
    Row(
        0,
        r"snapshot '(?P<name>[^']+)' does not exist",
        Refused,
        say("The snapshot %(name)s is no longer there."),
        say("Choose another snapshot or a backup."),
    ),
    Row(
        0,
        r"rollback, (more recent snapshots|.* is not most recent)",
        ActionNeeded,
        say("This storage can only go back to the newest snapshot."),
        say("If the newer snapshots may be lost, delete them, then retry."),
    ),
    Row(
        0,
        r"incomplete snapshot",
        ActionNeeded,
        say("The snapshot was never finished, so there is nothing to go back to."),
        say("Delete the snapshot, then choose another one or a backup."),
    ),
    Row(
        0,
        r"needed by replication job|guest migration lock",
        Retriable,
        say("The VM is just being copied to another node (replication)."),
        WAIT,
        after=30,
    ),
)

_MOVES = (
    Row(
        0,
        r"can't migrate running VM without --online",
        Retriable,
        say("The VM was started in the meantime."),
        WAIT,
    ),
    Row(
        12,
        r"can't (live )?migrate .*local|(uses|contains) local (devices|resources|disks)"
        r"|[Cc]annot live-migrate|local cdrom",
        Refused,
        say("Something of the VM is bound to its node: a local disk, a medium or a device."),
        say("Plan the move again with a storage of the other node, or take it off the VM first."),
    ),
    Row(
        12,
        r"storage '(?P<name>[^']+)' is not available on node '(?P<node>[^']+)'",
        ActionNeeded,
        say("Node %(node)s does not have the storage %(name)s."),
        say("Choose another node or storage, or let the cluster use the storage there."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"[Cc]an't connect to destination address|mtunnel|Host key verification failed",
        ActionNeeded,
        say("The nodes of the cluster do not reach each other, so nothing can be moved."),
        say("Check the connection (SSH) between the nodes, then retry."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"migration (aborted|problems)|storage migration failed",
        ActionNeeded,
        say("The move broke off. The VM is on its old node or, rarely, already on the new one."),
        LOOK,
    ),
)

_BACKUPS = (
    Row(
        0,
        r"max backup limit|protected backups per guest is limited|only \d+ backups allowed",
        ActionNeeded,
        say("The storage holds as many backups of this VM as it allows."),
        say("Delete an old backup of the VM or raise the storage's limit, then retry."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"cannot remove protected volume|(backup|volume) .*is protected",
        ActionNeeded,
        say("Somebody protected this backup against removal."),
        say('Find out why; switch its option "Protected" off in the cluster, then retry.'),
    ),
    Row(
        0,
        r"for backups - wrong content type|does not support backups|not a file based storage",
        ActionNeeded,
        say("The storage that the configuration names takes no backups."),
        say("Correct `backup_storage` in provisioner.toml, or let the storage take backups."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"vzdump\.lock|got unexpected lock|another backup",
        Retriable,
        say("Another backup is running on the node."),
        WAIT,
        after=60,
    ),
    Row(
        0,
        r"unable to (restore|create|rollback).*vm is running",
        Retriable,
        say("The VM still runs, so the cluster does not overwrite it."),
        WAIT,
    ),
    Row(
        0,
        r"can't find file '(?P<name>[^']+)'|unable to (find|parse).*(archive|backup)",
        Refused,
        say("The backup is no longer there."),
        say("Choose another backup."),
    ),
    Row(
        0,
        r"not look like a|archive info|unknown backup|vma(:| extract).*(fail|error)|corrupt",
        Refused,
        say("The backup cannot be read."),
        say("Choose another backup; the administrator checks this one."),
    ),
    Row(
        0,
        r"^job errors$",
        ActionNeeded,
        say("The backup failed, and its log does not say why."),
        LOOK,
    ),
    Row(
        0,
        r"[Nn]o such (vzdump )?job",
        ActionNeeded,
        say("The cluster does not have the backup job that the configuration names."),
        say("Make the job on the cluster, or correct `backup_job`, then retry."),
        who=_ADMINISTRATOR,
    ),
)

_POOLS_AND_FIREWALL = (
    Row(
        0,
        r"parent '(?P<parent>[^']+)' of pool '[^']+' does not exist",
        ActionNeeded,
        say("The pool lies in another one, %(parent)s, which the cluster does not have."),
        say("Run `pveum pool add %(parent)s` on a node, or correct `pool`, then retry."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"pool '[^']+' already exists",
        Retriable,
        say("Somebody made the pool at the same time."),
        WAIT,
    ),
    Row(
        0,
        r"belongs already to pool '(?P<pool>[^']+)'",
        ActionNeeded,
        say("The VM is in another pool, %(pool)s."),
        say("Find out why; move it to the right pool on the cluster, then retry."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"IPSet '[^']+' (does )?already exists?|no such IPSet|IPSet '[^']+' is not empty"
        r"|no rule at position",
        Retriable,
        say("Somebody changed the VM's firewall at the same time."),
        WAIT,
    ),
)

_GUESTS = (
    Row(
        26,
        r"QEMU guest agent is not running|No QEMU guest agent configured|guest-\w+' failed",
        Retriable,
        say("The system inside the VM does not answer the cluster (guest agent)."),
        say("It is tried again by itself; if it stays so, see whether its guest agent runs."),
        after=10,
    ),
    Row(
        26,
        r"Agent error:",
        ActionNeeded,
        say("The system inside the VM refused it."),
        say("Look at the file or its folder inside the VM, then retry."),
    ),
    Row(
        0,
        r"quit/powerdown failed",
        ActionNeeded,
        say("The system inside the VM did not switch itself off in time."),
        say("Look at its console. If its owner agrees, stop the VM on the cluster, then retry."),
    ),
    Row(
        0,
        r"VM is paused",
        ActionNeeded,
        say("Somebody paused the VM, so it cannot switch itself off."),
        say("Find out why; let it go on on the cluster, then retry."),
    ),
    Row(
        26,
        r"VM (\d+ )?(is )?not running",
        ActionNeeded,
        say("The VM is switched off."),
        say("Switch it on, then retry."),
    ),
)

_IMAGES = (
    Row(
        0,
        r"checksum mismatch: got|checksum .*does not match",
        ActionNeeded,
        say("What was downloaded is not the image that was expected; it was thrown away."),
        say("Compare the checksum with the publisher's, then retry."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"download failed|unable to resolve host|wget .*failed|curl.* error|Connection refused",
        ActionNeeded,
        say("The node could not fetch the image."),
        say("Check the address and the node's way to the Internet, then retry."),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"not configured for content-type '(?P<content>[^']+)'|content type '[^']+' is not"
        r"|upload content-type '[^']+' is not allowed",
        ActionNeeded,
        say("The storage does not take images for import."),
        say('Let the storage take the content "Import" in the cluster, or name another one.'),
        who=_ADMINISTRATOR,
    ),
    Row(
        0,
        r"to template if (the )?(VM|CT) is running",
        Retriable,
        say("The VM still runs, so it cannot become a template."),
        WAIT,
    ),
    Row(
        0,
        r"unable to create template, because",
        Refused,
        say("A VM with snapshots cannot become a template."),
        say("Delete its snapshots first."),
    ),
)

ROWS: tuple[Row, ...] = (
    *_SNAPSHOTS,
    *_MOVES,
    *_BACKUPS,
    *_POOLS_AND_FIREWALL,
    *_GUESTS,
    *_IMAGES,
)
