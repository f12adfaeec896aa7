"""What is wrong with a cluster, its nodes and its storages, and what comes from it."""

from __future__ import annotations

from provisioner.checks.rules import Rule
from provisioner.texts import say

_DEAD = ("vm.stopped", "vm.agent", "vm.address", "vm.unreachable", "vm.ping", "service.*")
_KEPT = ("vm.backup_old", "vm.backup_none", "task.failed")

RULES: tuple[Rule, ...] = (
    Rule(
        "cluster.unreachable",
        say("Neither the cluster %(place)s nor what runs on it answers."),
        say("Look at the power of the server room and at the network to it."),
        explains=("vm.unreachable", "vm.ping", "service.*"),
        reach="beyond",
        confidence="likely",
        along=("vm.unreachable",),
    ),
    Rule(
        "cluster.unreachable",
        say("The cluster %(place)s does not answer; what runs on it may run all the same."),
        say("Look at the network to the nodes, and at pveproxy on them."),
    ),
    Rule(
        "cluster.certificate_changed",
        say("What answers as %(place)s shows another certificate than the one that we trust."),
        say(
            "Compare the fingerprint on the node's own console; where they agree, run "
            "`provisioner trust %(place)s`."
        ),
    ),
    Rule(
        "cluster.login",
        say("The cluster %(place)s does not let us in: %(why)s"),
        say("Check the token and its rights on the cluster, and its secret on our side."),
    ),
    Rule(
        "cluster.no_quorum",
        say("The cluster %(place)s has no quorum (%(nodes)s on): nothing can be changed on it."),
        say("Bring the missing nodes back, or look at the network between the nodes."),
        explains=("node.offline", "storage.inactive", "vm.stopped", "vm.locked", *_KEPT),
        reach="beyond",
    ),
    Rule(
        "node.offline",
        say("The node %(place)s is off or has lost its cluster."),
        say("Look at the node's console, its power and its network."),
        explains=("vm.*", "service.*", "task.failed"),
        reach="beyond",
    ),
    Rule(
        "storage.inactive",
        say("The storage %(place)s cannot be reached from %(nodes)s."),
        say("Look at the storage server and at the network between it and the nodes."),
        explains=("vm.paused", "vm.locked", *_DEAD, *_KEPT),
        reach="beyond",
    ),
    Rule(
        "storage.full",
        say("The storage %(place)s is full (%(percent)s %%)."),
        say("Remove old snapshots, backups and disks that nobody uses, or add disks."),
        explains=("vm.paused", "vm.stopped", "vm.locked", *_KEPT),
        reach="beyond",
    ),
    Rule(
        "storage.filling",
        say("The storage %(place)s fills up (%(percent)s %%)."),
        say("Make room before it is full: VMs stand still then."),
    ),
    Rule(
        "node.memory",
        say("The node %(place)s has no memory left (%(percent)s)."),
        say("Move a VM to another node, or look which VM takes more than it should."),
        explains=("vm.stopped",),
        reach="beyond",
        confidence="likely",
    ),
    Rule(
        "node.cpu",
        say("The processors of node %(place)s are busy all of the time (%(percent)s)."),
        say("Look which VM takes the time; move one to another node."),
    ),
    Rule(
        "node.root_full",
        say("The own disk of node %(place)s is full (%(percent)s %%)."),
        say("Remove old logs, images and kernels on the node."),
        explains=("task.failed", "vm.stopped"),
        reach="beyond",
    ),
    Rule(
        "node.clock",
        say("The clock of node %(place)s is wrong by %(offset)s."),
        say("Look at the time service (chrony) on the node, and at our own clock."),
    ),
    Rule(
        "certificate.expired",
        say("The certificate of node %(place)s ended on %(date)s."),
        say("Run `pvecm updatecerts --force` on the node, then compare its fingerprint."),
    ),
    Rule(
        "certificate.expiring",
        say("The certificate of node %(place)s ends on %(date)s."),
        say("The node renews it by itself; look at its daily update where it does not."),
    ),
    Rule(
        "task.failed",
        say("A backup of %(place)s failed: %(text)s"),
        say("Read the task's log on the cluster, and let the backup run again."),
        explains=("vm.backup_old", "vm.backup_none"),
        reach="beyond",
    ),
)
