"""What is wrong with a VM, and what comes from it."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

_SILENT = ("vm.unreachable", "vm.ping", "service.*")
_DEAD = ("vm.agent", "vm.address", *_SILENT)

RULES: tuple[Rule, ...] = (
    Rule(
        "vm.missing",
        say("The VM %(vm)s (%(place)s) is not on its cluster any more."),
        say("Look in the cluster's task list who removed it; put it back from a backup."),
        explains=("vm.*", "task.failed", "service.*"),
        reach="beyond",
    ),
    Rule(
        "vm.unread",
        say("The cluster answers, but does not tell how the VM %(vm)s (%(place)s) is: %(why)s"),
        say("Look at the VM's node (pveproxy, pvedaemon, pvestatd), and at our token's rights."),
        confidence="likely",
    ),
    Rule(
        "vm.stopped",
        say("The VM %(vm)s (%(place)s) is switched off."),
        say("Look in the cluster's task list who switched it off, then start it."),
        explains=_DEAD,
        reach="beyond",
        remedies=("instance.start",),
    ),
    Rule(
        "vm.paused",
        say("The VM %(vm)s (%(place)s) stands still (%(state)s)."),
        say("Look at its storage first, then restart the VM."),
        explains=_DEAD,
        reach="beyond",
        remedies=("instance.restart",),
    ),
    Rule(
        "vm.locked",
        say("The VM %(vm)s (%(place)s) is locked (%(lock)s), and no task is at work on it."),
        say("Look in the task list what was broken off, then run `qm unlock` on its node."),
        explains=("vm.backup_old", "vm.backup_none", "task.failed"),
    ),
    Rule(
        "vm.disk_full",
        say("The disk in the VM %(vm)s (%(place)s) is full: %(mount)s, %(percent)s %%."),
        say("Free some room in the VM, or ask for a larger disk."),
        explains=("vm.agent", "vm.unreachable", "service.down", "service.error"),
        reach="beyond",
    ),
    Rule(
        "vm.disk_filling",
        say("The disk in the VM %(vm)s (%(place)s) fills up: %(mount)s, %(percent)s %%."),
        say("Free some room in the VM before programs stop, or ask for a larger disk."),
    ),
    Rule(
        "vm.network_changed",
        say(
            "Somebody has changed the network of the VM %(vm)s (%(place)s) on the cluster: "
            "%(what)s has to be %(wanted)s, and is %(found)s."
        ),
        say("Put it back or accept it, on the instance's page."),
        explains=_SILENT,
        reach="beyond",
        confidence="likely",
    ),
    Rule(
        "vm.changed",
        say(
            "Somebody has changed the VM %(vm)s (%(place)s) on the cluster: %(what)s has to be "
            "%(wanted)s, and is %(found)s."
        ),
        say("Put it back or accept it, on the instance's page."),
        confidence="likely",
    ),
    Rule(
        "vm.address",
        say("The VM %(vm)s (%(place)s) has %(there)s instead of %(wanted)s."),
        say("Look at the VM's console and at its cloud-init settings."),
        explains=_SILENT,
        reach="beyond",
    ),
    Rule(
        "vm.agent",
        say("The system in the VM %(vm)s (%(place)s) hangs: nothing in it answers."),
        say("Look at the VM's console; restart it where it hangs."),
        explains=_SILENT,
        reach="beyond",
        confidence="likely",
        along=("vm.unreachable",),
        remedies=("instance.restart",),
    ),
    Rule(
        "vm.agent",
        say("The guest agent in the VM %(vm)s (%(place)s) does not answer."),
        say("Start qemu-guest-agent in the VM; backups are less exact without it."),
    ),
    Rule(
        "vm.memory",
        say("The VM %(vm)s (%(place)s) uses all of its memory (%(percent)s)."),
        say("Look in the VM which program takes it, or ask for more."),
        confidence="likely",
    ),
    Rule(
        "vm.unreachable",
        say("The VM %(vm)s (%(place)s) lets nobody in at %(address)s, port %(ports)s: %(how)s."),
        say("Look at its firewall, at the SSH server in it, and at the network to it."),
        explains=("vm.ping", "service.down"),
        reach="beyond",
        confidence="likely",
    ),
    Rule(
        "vm.ping",
        say("The VM %(vm)s (%(place)s) does not answer pings at %(address)s."),
        say("Look at the VM's console and at the network to it."),
        confidence="symptom",
    ),
    Rule(
        "vm.snapshot_old",
        say("The snapshot %(snapshot)s of the VM %(vm)s (%(place)s) is %(days)s days old."),
        say("Ask whoever took it, then remove it."),
        remedies=("instance.delete_snapshot",),
    ),
    Rule(
        "vm.backup_old",
        say("The newest backup of the VM %(vm)s (%(place)s) is of %(date)s."),
        say("Look at the backup job and at its last run in the cluster's task list."),
        remedies=("instance.backup",),
    ),
    Rule(
        "vm.backup_none",
        say("The VM %(vm)s (%(place)s) has no backup."),
        say("Look whether a backup job names the VM, and at the job's last run."),
        remedies=("instance.backup",),
    ),
)
