"""Whether the templates of a cluster have all parts that a server made from them needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioner.doctor.finding import Finding
from provisioner.doctor.look import Look, TemplateSight
from provisioner.drivers.hypervisor import ClusterFacts, TemplateKey
from provisioner.texts import Message, say

_GOOD_BUSES = ("scsi", "virtio")


def options(text: str) -> dict[str, str]:
    """``virtio=AA:BB,bridge=vmbr0`` as {"virtio": "AA:BB", "bridge": "vmbr0"}."""
    parts = (part.partition("=") for part in text.split(",") if part)
    return {key.strip(): value.strip() for key, _, value in parts}


def examine_templates(look: Look) -> Iterator[Finding]:
    """Every image of the catalogue that has a template on this cluster."""
    for image, key in look.setup.images.items():
        found = [sight for sight in look.templates if is_of(sight, key, look.facts)]
        if not found:
            yield _missing(look, image, key)
            continue
        faults = [fault for sight in found for fault in faults_of(look.setup.subject, sight)]
        faults += _copies(look, image, found)
        yield from faults
        if not faults:
            what = say("Image %(image)s has its template.", image=image)
            yield Finding(look.setup.subject, "ok", what)


def is_of(sight: TemplateSight, key: TemplateKey, facts: ClusterFacts) -> bool:
    """Whether the catalogue means this template."""
    vmid = sight.reading.vmid
    tagged = any(g.vmid == vmid and key.tag in g.tags for g in facts.guests if key.tag)
    return vmid == key.vmid or tagged


def _missing(look: Look, image: str, key: TemplateKey) -> Finding:
    subject = look.setup.subject
    named = [g for g in look.facts.guests if g.vmid == key.vmid or (key.tag and key.tag in g.tags)]
    if named and not any(guest.template for guest in named):
        vmid = named[0].vmid
        what = say("Image %(image)s: VM %(vmid)s is no template.", image=image, vmid=vmid)
        todo = say("If it is meant and switched off, on node %(node)s:", node=named[0].node)
        return Finding(subject, "failed", what, todo, (f"qm template {vmid}",))
    if key.tag:
        what = say("Image %(image)s: no template has the tag %(tag)s.", image=image, tag=key.tag)
    elif named:
        what = say("The template of image %(image)s has no disk.", image=image)
    else:
        what = say("The template of image %(image)s is not there.", image=image)
    todo = say(
        "Make it by `provisioner template import %(cluster)s %(image)s`, correct catalogue.yml, or "
        "let the token see it.",
        cluster=look.setup.name,
        image=image,
    )
    return Finding(subject, "failed", what, todo)


def faults_of(subject: str, sight: TemplateSight) -> list[Finding]:
    """What is wrong with one template; nothing where it is sound."""
    return [*_access(subject, sight), *_machine(subject, sight), *_firewall(subject, sight)]


def _access(subject: str, sight: TemplateSight) -> Iterator[Finding]:
    """Whether a server made from it can be set up and reached."""
    vmid, has = sight.reading.vmid, sight.machine.options
    if not sight.reading.cloud_init:
        yield Finding(
            subject,
            "failed",
            say("Template %(vmid)s has no cloud-init drive.", vmid=vmid),
            _on_node(sight),
            (f"qm set {vmid} --ide2 {sight.reading.storage}:cloudinit",),
        )
    if has.get("cicustom"):
        what = say("Template %(vmid)s has user data of its own, which replaces ours.", vmid=vmid)
        yield Finding(
            subject, "failed", what, _on_node(sight), (f"qm set {vmid} --delete cicustom",)
        )
    if not sight.reading.agent:
        yield Finding(
            subject,
            "warning",
            say("Template %(vmid)s does not use the guest agent.", vmid=vmid),
            say(
                "Install qemu-guest-agent inside; without it a person has to confirm each new "
                "server's host key. On node %(node)s:",
                node=sight.reading.node,
            ),
            (f"qm set {vmid} --agent enabled=1",),
        )
    if not any(key.startswith("serial") for key in has):
        yield Finding(
            subject,
            "warning",
            say("Template %(vmid)s has no serial console, which cloud images write to.", vmid=vmid),
            _on_node(sight),
            (f"qm set {vmid} --serial0 socket --vga serial0",),
        )


def _machine(subject: str, sight: TemplateSight) -> Iterator[Finding]:
    vmid, has, disk = sight.reading.vmid, sight.machine.options, sight.reading.disk
    order = options(has.get("boot", "")).get("order", "").split(";")
    legacy = has.get("bootdisk") == disk
    if order[0] != disk and not legacy:
        yield Finding(
            subject,
            "warning",
            say("Template %(vmid)s does not boot from %(disk)s first.", vmid=vmid, disk=disk),
            _on_node(sight),
            (f"qm set {vmid} --boot order={disk}",),
        )
    if not disk.startswith(_GOOD_BUSES):
        yield Finding(
            subject,
            "warning",
            say("The disk of template %(vmid)s is on the slow bus %(disk)s.", vmid=vmid, disk=disk),
            say("Make the template anew by `provisioner template import`; it uses scsi."),
        )
    elif disk.startswith("scsi") and not has.get("scsihw", "").startswith("virtio-scsi"):
        yield Finding(
            subject,
            "warning",
            say("Template %(vmid)s has a slow controller for its disk.", vmid=vmid),
            _on_node(sight),
            (f"qm set {vmid} --scsihw virtio-scsi-single",),
        )
    if sight.machine.lock:
        yield Finding(
            subject,
            "warning",
            say("Template %(vmid)s is locked (%(lock)s).", vmid=vmid, lock=sight.machine.lock),
            say("If no task works on it any more, on node %(node)s:", node=sight.reading.node),
            (f"qm unlock {vmid}",),
        )


def _firewall(subject: str, sight: TemplateSight) -> Iterator[Finding]:
    """What concerns the firewall, where the configuration wants one (``firewall`` was read)."""
    vmid, net0 = sight.reading.vmid, sight.reading.net0
    if sight.firewall is None:
        return
    if net0 and options(net0).get("firewall") != "1":
        kept = [part for part in net0.split(",") if not part.startswith("firewall=")]
        yield Finding(
            subject,
            "warning",
            say(
                "The network card of template %(vmid)s has its firewall off; rules of a server "
                "made from it may not count.",
                vmid=vmid,
            ),
            _on_node(sight),
            (f"qm set {vmid} --net0 {','.join([*kept, 'firewall=1'])}",),
        )
    if rules := sight.firewall.rules:
        path = f"/nodes/{sight.reading.node}/qemu/{vmid}/firewall/rules"
        yield Finding(
            subject,
            "warning",
            say(
                "Template %(vmid)s has %(count)s firewall rules, which every server made from it "
                "gets too.",
                vmid=vmid,
                count=len(rules),
            ),
            say("Look at them; each deletion moves the later ones up. On any node:"),
            (f"pvesh get {path}", f"pvesh delete {path}/0"),
        )


def _copies(look: Look, image: str, found: Iterable[TemplateSight]) -> Iterator[Finding]:
    """A template on a storage of its node alone serves that node; others need a copy."""
    at = {sight.reading.node for sight in found}
    if any(sight.reading.storage_shared for sight in found):
        return
    without = sorted(node.name for node in look.facts.nodes if node.online and node.name not in at)
    if without:
        yield Finding(
            look.setup.subject,
            "warning",
            say(
                "Image %(image)s: its template is on a local storage, and there is none on "
                "%(nodes)s.",
                image=image,
                nodes=", ".join(without),
            ),
            say(
                "Servers are made on %(at)s and moved where needed. Quicker is one on each node "
                "(`provisioner template import --node`), named by their tag in catalogue.yml.",
                at=", ".join(sorted(at)),
            ),
        )


def _on_node(sight: TemplateSight) -> Message:
    return say("On node %(node)s:", node=sight.reading.node)
