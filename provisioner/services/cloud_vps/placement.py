"""Where a cloud VPS can be made: template, kind of clone and node; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.drivers.hypervisor import CloneKind, ClusterFacts, TemplateReading
from provisioner.errors import Conflict
from provisioner.plans.capacity import Need, NodeRoom, rooms
from provisioner.plans.claims import Ledger
from provisioner.plans.refusals import NO_CAPACITY, NOT_PLANNABLE
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say


@dataclass(frozen=True)
class Wish:
    """What is looked for: room of that size, an image, a storage, a bridge."""

    need: Need
    boot_gb: int
    """Of ``need.disk_gb``, what the boot disk takes: a template's disk has to fit in."""
    image: str
    storage: str
    bridge: str
    department: str
    settings: ClusterSettings
    application: str | None = None
    """VMs of one application go to different nodes where that is possible."""
    only_node: str | None = None


@dataclass(frozen=True)
class Spot:
    """One node where the VM can be made, and from what."""

    node: str
    template: TemplateReading
    kind: CloneKind
    moved: bool = False
    """It is cloned on the template's node, whose disk no other node sees, and moved from there."""

    @property
    def birth_node(self) -> str:
        """Where the clone comes to be."""
        return self.template.node if self.moved else self.node


@dataclass(frozen=True)
class Placement:
    """The chosen spot, and why the other nodes were not chosen or could not be."""

    spot: Spot
    rooms: Mapping[str, NodeRoom]
    refused: Mapping[str, tuple[Message, ...]]
    tied_to_template: bool
    """Some node was left out only because the template's storage belongs to another one."""
    siblings: int
    """VMs of the same application on the chosen node."""
    why: Message

    @property
    def room(self) -> NodeRoom:
        """The chosen node's."""
        return self.rooms[self.spot.node]


@dataclass(frozen=True)
class _Verdict:
    """Whether one node can take it: the spot, or the reasons (those that time may mend apart)."""

    spot: Spot | None = None
    faults: tuple[Message, ...] = ()
    shortages: tuple[Message, ...] = ()
    template_elsewhere: bool = False

    @property
    def reasons(self) -> tuple[Message, ...]:
        return (*self.faults, *self.shortages)


def place(
    wish: Wish, facts: ClusterFacts, ledger: Ledger, pinned: Mapping[str, Any] | None = None
) -> Placement:
    """Choose the node that is least taken afterwards; with ``pinned``, that node and template only.

    Before that count: no other VM of the same application there, and no need to move the clone.
    Raises Conflict: ``not-plannable`` (no template, a faulty one, a storage or bridge that is not
    there), ``no-capacity`` (no node has room); ``extra["nodes"]`` says why for each node.
    """
    templates = tuple(t for t in facts.templates if pinned is None or t.vmid == pinned["template"])
    sound = _sound_templates(wish, facts, templates)
    found = rooms(facts, wish.settings, ledger)
    names = sorted(found) if pinned is None else [pinned["node"]]
    if wish.only_node is not None:
        names = [wish.only_node]
    verdicts = {name: _judge(wish, facts, found, name, sound) for name in names}
    spots = [v.spot for v in verdicts.values() if v.spot]
    if not spots:
        raise _no_node(facts.cluster, verdicts)
    best = min(spots, key=lambda spot: _rank(wish, found[spot.node], spot))
    return Placement(
        spot=best,
        rooms=found,
        refused={name: v.reasons for name, v in verdicts.items() if not v.spot},
        tied_to_template=any(v.template_elsewhere for v in verdicts.values())
        or (not best.moved and any(spot.moved for spot in spots)),
        siblings=_siblings(wish, found[best.node]),
        why=_why(wish, found, best, spots),
    )


def _siblings(wish: Wish, room: NodeRoom) -> int:
    if wish.application is None:
        return 0
    return room.own_by_application.get((wish.department, wish.application), 0)


def _rank(wish: Wish, room: NodeRoom, spot: Spot) -> tuple[int, bool, tuple[float, int, str]]:
    score = room.score(wish.need, wish.storage, wish.department)
    return (_siblings(wish, room), spot.moved, score)


def _why(wish: Wish, found: Mapping[str, NodeRoom], best: Spot, spots: Sequence[Spot]) -> Message:
    if len(spots) == 1:
        return say("the only node that can take it")
    percent = round(found[best.node].share(wish.need, wish.storage) * 100)
    fewer = [s for s in spots if _siblings(wish, found[s.node]) > _siblings(wish, found[best.node])]
    if fewer:
        return say(
            "other VMs of the application %(application)s are elsewhere (%(nodes)s)",
            application=wish.application,
            nodes=", ".join(sorted(s.node for s in fewer)),
        )
    if best.moved:
        return say("the template's node %(node)s has no room for it", node=best.template.node)
    return say(
        "of %(count)d nodes that can take it the one with most left: %(percent)d %% given away "
        "afterwards",
        count=len(spots),
        percent=percent,
    )


def _sound_templates(
    wish: Wish, facts: ClusterFacts, templates: Sequence[TemplateReading]
) -> list[TemplateReading]:
    if not templates:
        raise Conflict(
            say(
                "The template of the image %(image)s is not on the cluster %(cluster)s. Make it, "
                "or correct the image in the catalogue.",
                image=wish.image,
                cluster=facts.cluster,
            ),
            slug=NOT_PLANNABLE,
            extra={"cluster": facts.cluster, "image": wish.image},
        )
    faults = {t.vmid: _template_fault(t, wish.boot_gb) for t in templates}
    sound = [t for t in templates if faults[t.vmid] is None]
    first = next((fault for fault in faults.values() if fault), None)
    if not sound and first:
        raise Conflict(
            first, slug=NOT_PLANNABLE, extra={"cluster": facts.cluster, "templates": sorted(faults)}
        )
    return sound


def _template_fault(template: TemplateReading, boot_gb: int) -> Message | None:
    values = {"vmid": template.vmid, "name": template.name, "node": template.node}
    if not template.cloud_init:
        return say(
            "The template %(vmid)s (%(name)s) has no cloud-init drive, so no address, user or key "
            "would reach the VM. On %(node)s run: qm set %(vmid)s --ide2 %(storage)s:cloudinit",
            storage=template.storage,
            **values,
        )
    if not template.agent:
        return say(
            "The guest agent is not switched on in the template %(vmid)s (%(name)s), so nothing "
            "could be proven. On %(node)s run: qm set %(vmid)s --agent enabled=1",
            **values,
        )
    if template.disk_gb > boot_gb:
        return say(
            "The disk of the template %(vmid)s (%(name)s) has %(has)g GB, the size asked for only "
            "%(asked)d GB, and disks never shrink. Choose a larger size.",
            has=template.disk_gb,
            asked=boot_gb,
            **values,
        )
    return None


def _judge(
    wish: Wish,
    facts: ClusterFacts,
    found: Mapping[str, NodeRoom],
    name: str,
    templates: Sequence[TemplateReading],
) -> _Verdict:
    room = found.get(name)
    if room is None:
        return _Verdict(faults=(say("the node is no longer part of the cluster"),))
    shortages = room.why_not(wish.need, wish.storage)
    if not room.online or room.maintenance:
        return _Verdict(shortages=shortages)
    faults = []
    bridges = facts.bridges.get(room.node)
    if bridges is not None and wish.bridge not in bridges:
        faults.append(say("there is no bridge %(bridge)s", bridge=wish.bridge))
    template = _template_for(wish, facts, room, templates)
    kind: CloneKind | None = None if template is None else _kind(wish, template)
    home = None if template else _template_to_move(wish, found, templates)
    if template and kind is None:
        faults.append(
            say(
                "linked clones are asked for, but none can be made of the template %(vmid)s "
                "(on %(from)s) on the storage %(storage)s",
                vmid=template.vmid,
                storage=wish.storage,
                **{"from": template.storage},
            )
        )
    elif template is None and home is None:
        faults.append(_template_unreachable(templates))
    if faults or shortages:
        elsewhere = template is None and home is None and len(faults) == 1 and not shortages
        return _Verdict(None, tuple(faults), shortages, elsewhere)
    if template and kind:
        return _Verdict(Spot(room.node, template, kind))
    assert home is not None  # noqa: S101 — else it would be among the faults
    return _Verdict(Spot(room.node, home, "full", moved=True))


def _template_to_move(
    wish: Wish, found: Mapping[str, NodeRoom], templates: Sequence[TemplateReading]
) -> TemplateReading | None:
    """A template whose full clone can be made on its own node and then be moved from there.

    Its node needs room for the copy for that moment.
    """
    if wish.settings.clone == "linked":
        return None
    for template in sorted(templates, key=lambda t: t.vmid):
        home = found.get(template.node)
        if template.storage_shared or home is None or not home.online or home.maintenance:
            continue
        storage = home.storages.get(wish.storage)
        if storage is None or not storage.active or not storage.takes_disks:
            continue
        if storage.shared or storage.disk.free >= template.disk_gb:
            return template
    return None


def _template_for(
    wish: Wish, facts: ClusterFacts, room: NodeRoom, templates: Sequence[TemplateReading]
) -> TemplateReading | None:
    """The node's own template, else one on shared storage whose clone may be born elsewhere.

    A clone for another node needs both storages shared, and its call is carried out by the
    template's node.
    """
    online = {node.name for node in facts.nodes if node.online}
    target = room.storages.get(wish.storage)
    for template in sorted(templates, key=lambda t: (t.node != room.node, t.vmid)):
        if template.node == room.node:
            return template
        if template.storage_shared and target and target.shared and template.node in online:
            return template
    return None


def _template_unreachable(templates: Sequence[TemplateReading]) -> Message:
    first = min(templates, key=lambda t: t.vmid)
    if first.storage_shared:
        return say(
            "the template %(vmid)s is on %(node)s and cannot be cloned to another node from there",
            vmid=first.vmid,
            node=first.node,
        )
    return say(
        "the template %(vmid)s lies on the storage %(storage)s of %(node)s alone, so only that "
        "node can clone it",
        vmid=first.vmid,
        storage=first.storage,
        node=first.node,
    )


def _kind(wish: Wish, template: TemplateReading) -> CloneKind | None:
    wanted = wish.settings.clone
    linkable = template.linked_clone and template.storage == wish.storage
    if wanted == "full" or (wanted == "auto" and not linkable):
        return "full"
    return "linked" if linkable else None


def _no_node(cluster: str, verdicts: Mapping[str, _Verdict]) -> Conflict:
    for_lack_of_room = any(v.shortages and not v.faults for v in verdicts.values())
    lines = [
        say("%(node)s: %(reasons)s", node=name, reasons=joined(verdict.reasons))
        for name, verdict in verdicts.items()
    ]
    return Conflict(
        say(
            "No node of the cluster %(cluster)s can take this VM. %(nodes)s.",
            cluster=cluster,
            nodes=joined(lines) if lines else say("the cluster shows no nodes"),
        ),
        slug=NO_CAPACITY if for_lack_of_room else NOT_PLANNABLE,
        extra={
            "cluster": cluster,
            "nodes": [
                {"node": name, "why_not": [m.to_json() for m in v.reasons]}
                for name, v in verdicts.items()
            ],
        },
    )


def joined(messages: Sequence[Message]) -> Message:
    """Several messages as one, with semicolons between them."""
    first, *rest = messages
    return say("%(first)s; %(rest)s", first=first, rest=joined(rest)) if rest else first
