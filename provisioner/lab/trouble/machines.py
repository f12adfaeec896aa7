"""Faults of the cluster, its VMs and what they serve."""

from __future__ import annotations

from provisioner.lab.trouble.case import Case, Shown
from provisioner.texts import say

_VM = "instance:{vm}"
_OF_VM = {"vmid": "{vmid}"}
_AT_NODE = {"node": "{node}"}

MACHINES: tuple[Case, ...] = (
    Case("vm-locked", say("VM locked by something that was broken off"), "cluster", _VM,
         (Shown("vm-locked", _OF_VM),), ("vm.locked",), ("{vm_place}",)),
    Case("vm-paused", say("VM paused by its emulator"), "cluster", _VM,
         (Shown("vm-paused", _OF_VM),), ("vm.paused",), ("{vm_place}",)),
    Case("agent-dead", say("guest agent hangs"), "cluster", _VM,
         (Shown("agent-dead", _OF_VM),), ("vm.agent",), ("{vm_place}",)),
    Case("agent-silent", say("guest agent never answers"), "cluster", _VM,
         (Shown("agent-silent", _OF_VM),), ("vm.agent",), ("{vm_place}",)),
    Case("disk-full", say("disk full inside the VM"), "cluster", _VM,
         (Shown("guest-disk-full", _OF_VM),), ("vm.disk_full",), ("{vm_place}",)),
    Case("disk-filling", say("disk inside the VM nearly full"), "cluster", _VM,
         (Shown("guest-disk-full", {**_OF_VM, "percent": "88"}),),
         ("vm.disk_filling",), ("{vm_place}",)),
    Case("snapshot-old", say("snapshot forgotten"), "cluster", _VM,
         (Shown("snapshot-old", _OF_VM),), ("vm.snapshot_old",), ("{vm_place}",)),
    Case("node-root-full", say("root file system of the node full"), "cluster", _VM,
         (Shown("node-root-full", _AT_NODE),), ("node.root_full",), ("{cluster}:{node}",)),
    Case("node-clock", say("clock of the node wrong"), "cluster", _VM,
         (Shown("node-clock", _AT_NODE),), ("node.clock",), ("{cluster}:{node}",)),
    Case("node-busy", say("processors of the node have no time left"), "cluster", _VM,
         (Shown("node-busy", _AT_NODE),), ("node.cpu",), ("{cluster}:{node}",)),
    Case("certificate-expired", say("certificate of the node expired"), "cluster", _VM,
         (Shown("certificate-expired", _AT_NODE),),
         ("certificate.expired",), ("{cluster}:{node}",)),
    Case("certificate-expiring", say("certificate of the node expires soon"), "cluster", _VM,
         (Shown("certificate-expiring", _AT_NODE),),
         ("certificate.expiring",), ("{cluster}:{node}",)),
    Case("storage-full", say("storage full, the VM stopped by it"), "cluster", _VM,
         (Shown("storage-full", {"storage": "shared"}), Shown("vm-paused", _OF_VM)),
         ("storage.full",), ("{cluster}:shared",)),
    Case("storage-away", say("storage not there, the VM stopped by it"), "cluster", _VM,
         (Shown("storage-away", {"storage": "shared"}), Shown("vm-paused", _OF_VM)),
         ("storage.inactive",), ("{cluster}:shared",)),
    Case("no-quorum", say("cluster has lost its quorum"), "cluster", _VM,
         (Shown("no-quorum"),), ("cluster.no_quorum",), ("{cluster}",)),
    Case("certificate-changed", say("a node shows another certificate"), "cluster", _VM,
         (Shown("certificate-changed"),), ("cluster.certificate_changed",), ("{cluster}",)),
    Case("node-down", say("node of the VM is off"), "cluster", _VM,
         (Shown("node-gone", _AT_NODE),), ("node.offline",), ("{cluster}:{node}",)),
    Case("token-revoked", say("API token is not accepted"), "cluster", _VM,
         (Shown("token-revoked"),), ("cluster.login",), ("{cluster}",)),
)  # fmt: skip
"""The last two leave something behind: what died with its node does not start by itself, and a
token that was refused is not tried again for a while."""
