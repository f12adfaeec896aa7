"""The form of one action on something that stands: its questions, their choices, its check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import FormData

from api import seeing
from api.acts import DEVICE_WAYS, WAYS, Act, act_of
from api.pages.asking import ALL, Asking, Choices
from api.pages.details import size_text
from api.pages.form import Form
from api.words import SECURITY, TRUTH, YES_NO
from provisioner.bootstrap import Product
from provisioner.catalogue import Inventory
from provisioner.errors import FieldError, Invalid, StepFailure
from provisioner.instances.drift_views import DriftView
from provisioner.instances.views import InstanceView
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.views import RequestView
from provisioner.texts import Message, say

TEMPLATE = "form_act_again.html"
_NEEDED = frozenset(
    {"details/size", "details/name", "details/snapshot", "details/ssh_keys", "details/until",
     "details/backup", "details/confirm", "details/how", "details/what"}
)  # fmt: skip


def asking_of(act: Act, service: str) -> Asking:
    """The action as a form that is opened again from its request."""
    origin = ALL[service]
    return Asking(
        service,
        act.title,
        say("it is planned and approved like every other request"),
        TEMPLATE,
        tuple(f"details/{name}" for name in act.asks if name not in act.only_here),
        origin.parse,
        lambda _inventory: {},
        {},
    )


def context_of(product: Product, actor: Actor, view: RequestView) -> dict[str, Any]:
    """What the form of an action's request needs besides; nothing for another request."""
    act = act_of(view.service, view.details.get("action"))
    if act is None:
        return {}
    one = product.instances.get(actor, str(view.details.get("instance")))
    asked = tuple(name for name in act.asks if name not in act.only_here)
    return {
        "act": replace(act, asks=asked),
        "one": one,
        "choices": choices(product, actor, act, one),
    }


def typed(sent: FormData, act: Act) -> dict[str, str]:
    """What was typed into the action's fields; ticked boxes are lines of one text."""
    found = {}
    for name in act.fields:
        said = [value for value in sent.getlist(name) if isinstance(value, str)]
        found[name] = "\n".join(said)
    return found


def gaps(act: Act, values: Mapping[str, str], one: InstanceView) -> list[FieldError]:
    """What has to be mended before the action can be asked for at all."""
    found = [
        FieldError(f"/{name}", say("please fill this in"))
        for name in act.fields
        if name in _NEEDED and not values.get(name, "").strip()
    ]
    unexplained = not values.get("details/reason", "").strip()
    if one.kind != "vm" and values.get("details/how") == "accept" and unexplained:
        why = say("please say why it may stay as it is")
        found.append(FieldError("/details/reason", why))
    confirm = values.get("details/confirm", "").strip()
    if act.confirms and confirm and confirm != one.name:
        found.append(FieldError("/details/confirm", say("is not this name")))
    return found


def wanted(details: Mapping[str, Any], act: Act) -> dict[str, Any]:
    """The details as the request keeps them."""
    return {name: value for name, value in details.items() if name not in act.only_here}


def choices(product: Product, actor: Actor, act: Act, one: InstanceView) -> Mapping[str, Any]:
    """What may be chosen, of what there is; backups and nodes are read from the cluster now."""
    found = dict(_kept(act, one, product.inventory))
    if "what" in act.asks:
        drift = drift_of(product, actor, one)
        found["findings"] = drift.findings if drift else []
        found["ways"] = _ways(drift, WAYS if one.kind == "vm" else DEVICE_WAYS)
        found["on_devices"] = one.kind != "vm"
    try:
        if "backup" in act.asks:
            found["backups"] = product.instances.backups(actor, one.id)
        if "node" in act.asks and one.cluster and sees_all(actor):
            nodes = product.capacity.view(actor, one.cluster).nodes
            there = [n.node for n in nodes if n.closed is None and n.node != one.node]
            found["nodes"] = [(node, node) for node in there]
    except StepFailure as failure:
        found["trouble"] = failure.what
    return found


def _kept(act: Act, one: InstanceView, inventory: Inventory) -> Mapping[str, Any]:
    """What catalogue and record have to choose from."""
    found: dict[str, Any] = {}
    offer = inventory.cloud_vps
    if offer and "size" in act.asks:
        found["sizes"] = [(key, size_text(key, size)) for key, size in offer.sizes.items()]
        found["extra_disk_gb_max"] = offer.extra_disk_gb_max
    if offer and "image" in act.asks:
        found["images"] = [(key, image.title) for key, image in offer.images.items()]
    if offer and "keep_days" in act.asks:
        found["keep_days"], found["per_vm"] = offer.snapshots.keep_days, offer.snapshots.per_vm
    if "isolate_clients" in act.asks:
        found["truths"], found["powers"] = list(TRUTH.items()), list(YES_NO.items())
        found["securities"] = list(SECURITY.items())
        found["wifi"] = one.ssid is not None or one.kind == "site"
    if "snapshot" in act.asks:
        found["snapshots"] = [(name, name) for name in one.snapshots]
    return found


def given(act: Act, one: InstanceView, inventory: Inventory) -> Form:
    """What stands in the form when it is opened."""
    values = {}
    if "size" in act.asks and one.size:
        values["details/size"] = one.size
    if "image" in act.asks and one.image:
        values["details/image"] = one.image
    if "keep_days" in act.asks and inventory.cloud_vps:
        values["details/keep_days"] = str(inventory.cloud_vps.snapshots.keep_days)
    return Form(values)


def drift_of(product: Product, actor: Actor, one: InstanceView) -> DriftView | None:
    """The last look at it; None for a department, to which it is of no use."""
    return seeing.drift_of(product, actor, one.id) if sees_all(actor) else None


def check(act: Act, values: Mapping[str, str], one: InstanceView) -> None:
    """Raises Invalid with every gap."""
    if found := gaps(act, values, one):
        raise Invalid(found)


def _ways(drift: DriftView | None, known: Mapping[str, tuple[Message, Message]]) -> Choices:
    possible = {way for finding in drift.findings for way in finding.ways} if drift else set()
    return [(way, _way(*known[way])) for way in known if way in possible]


def _way(title: Message, meaning: Message) -> Message:
    return say("%(title)s: %(meaning)s", title=title, meaning=meaning)
