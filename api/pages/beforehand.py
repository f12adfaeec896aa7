"""What was made sure of before a plan is approved, who will notice it, and what needs a name."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from api.acts import act_of
from api.pages.picture import share_after
from provisioner import dates
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.people.rules import Actor
from provisioner.plans import store as plans
from provisioner.plans.model import Plan
from provisioner.plans.views import PlanView
from provisioner.requests import store as requests
from provisioner.requests.rules import RequestState
from provisioner.requests.views import RequestView
from provisioner.services.wishes import CHANGE
from provisioner.texts import Message, say

_TIGHT = 0.9
_FREE = {
    "vmid": say("VM number"),
    "address": say("Address"),
    "name": say("Name"),
    "event_network": say("Network for events"),
    "rack_unit": say("Rack unit"),
    "switch_port": say("Switch port"),
    "vlan": say("VLAN"),
    "scope": say("Range of addresses"),
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: whether it is well, what was found and what that means."""

    tone: str
    """``good``, ``wait`` or ``bad``."""
    what: Message
    meaning: Message | str


@dataclass(frozen=True)
class Beforehand:
    """All of it, with the raw values of the steps, as ``[(title, text)]``."""

    checks: tuple[Check, ...]
    notice: tuple[Message | str, ...]
    raw: tuple[tuple[str, str], ...]


def beforehand(
    product: Product, actor: Actor, view: RequestView, shown: PlanView, touched: int
) -> Beforehand | None:
    """What is known of the current plan; ``touched`` objects stand already. None without a plan."""
    with product.database.read() as session:
        record = plans.current(session, requests.by_number(session, view.number).id)
        if record is None:
            return None
        whole = plans.holds_whole(session, record, now()) and record.holds_until > now()
        plan = plans.plan(record)
    until = dates.moment(record.holds_until, actor.language, product.inventory.office.zone)
    held = _held(whole, until) if view.state == RequestState.PLANNED else ()
    return Beforehand(
        checks=(*held, *_room(shown.picture), *_devices(plan), *_free(plan)),
        notice=tuple(_who_notices(view, plan, touched)),
        raw=tuple(
            (step.title, json.dumps(dict(params.params), indent=2, ensure_ascii=False))
            for step, params in zip(shown.steps, plan.steps, strict=True)
            if params.params
        ),
    )


def name_to_type(product: Product, actor: Actor, view: RequestView, deletes: bool) -> str | None:
    """The name that is typed before something is destroyed; None where nothing is."""
    act = act_of(view.service, view.details.get("action"))
    if not deletes and not (act and act.lost):
        return None
    instance = view.instance or view.details.get("instance")
    return product.instances.get(actor, str(instance)).name if instance else view.number


def _held(whole: bool, until: str) -> Iterator[Check]:
    if whole:
        yield Check(
            "good",
            say("What the plan needs is held for this request"),
            say("Nobody else is given it until %(moment)s.", moment=until),
        )
    else:
        yield Check(
            "bad",
            say("What the plan needs is no longer held"),
            say("Others may have taken it. Have the plan made anew; it shows what has changed."),
        )


def _room(picture: Mapping[str, Any]) -> Iterator[Check]:
    chosen = next((node for node in picture.get("nodes", ()) if node["chosen"]), None)
    if chosen is None:
        return
    share = share_after(chosen)
    yield Check(
        "good" if share < _TIGHT else "wait",
        say("%(node)s answers and has room", node=chosen["node"]),
        say("Afterwards %(percent)s %% of the scarcest resource is given away; the line is not "
            "crossed.", percent=round(share * 100)),
    )  # fmt: skip


def _devices(plan: Plan) -> Iterator[Check]:
    steps = [step for step in plan.steps if step.kind == CHANGE]
    hosts = sorted({host for step in steps for host in step.params["wishes"]})
    if not hosts:
        return
    yield Check(
        "good",
        say("%(count)s devices answered and were read", count=len(hosts)),
        ", ".join(hosts),
    )
    foreign = plan.picture.get("foreign")
    yield Check(
        "bad" if foreign else "good",
        say("Somebody else has changed these devices") if foreign
        else say("Nobody else has changed what is touched there"),
        say("Look at it below before you approve.") if foreign
        else say("Compared with the configuration after our own last change."),
    )  # fmt: skip
    for host, said in (plan.picture.get("rehearsal") or {}).items():
        tried = not isinstance(said, str | Mapping)
        yield Check(
            "good" if tried else "wait",
            say("%(host)s was asked what would change", host=host) if tried
            else say("%(host)s could not be asked what would change", host=host),
            say("Tried without writing; its answer stands under the table."),
        )  # fmt: skip


def _free(plan: Plan) -> Iterator[Check]:
    found: dict[str, list[str]] = defaultdict(list)
    for claim in plan.claims:
        if claim.kind in _FREE:
            key = claim.key.lstrip("0") if claim.kind in ("vlan", "rack_unit") else claim.key
            found[claim.kind].append(key)
    for kind, keys in found.items():
        probed = kind == "address" and plan.service in ("cloud_vps", "colocation")
        yield Check(
            "good",
            say("%(what)s free: %(which)s", what=_FREE[kind], which=", ".join(keys)),
            say("Free in our books, and nothing answered there when the plan was made.") if probed
            else say("Free in our books, and not found in use."),
        )  # fmt: skip


def _who_notices(view: RequestView, plan: Plan, touched: int) -> Iterator[Message | str]:
    act = act_of(view.service, view.details.get("action"))
    if act:
        yield say("Who uses it, at %(department)s.", department=view.department_name)
        yield act.lost or act.about
    elif any(step.kind == CHANGE for step in plan.steps):
        yield say("Nobody should: settings are added; who is connected now stays connected.")
    elif touched == 0 or view.service in ("cloud_vps", "colocation"):
        yield say("Nobody: something new is made, and nothing that others use is touched.")
