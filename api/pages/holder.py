"""Who holds a request just now, and what is waited for from them."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.approvals.second import FirstApprovalView
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.rules import OPEN
from provisioner.requests.views import RequestView
from provisioner.runs.views import RunView
from provisioner.texts import Message, say

_OFFICE = say("the office")
_PROGRAM = say("the program")
_TECHNICIAN = say("a technician")


@dataclass(frozen=True)
class Holder:
    """Who acts next, and what they do."""

    who: Message | str
    what: Message | str


def holder_of(
    actor: Actor, view: RequestView, run: RunView | None, first: FirstApprovalView | None
) -> Holder | None:
    """None once the request is closed; a department hears of the office as a whole."""
    if view.state not in OPEN:
        return None
    if view.state == "draft":
        return Holder(view.department_name, say("fills the request in and submits it"))
    if view.state == "needs_info":
        return Holder(view.department_name, say("completes the request and submits it again"))
    if not sees_all(actor):
        if view.state in ("submitted", "planned"):
            return Holder(_OFFICE, say("looks at the request; nothing has to be done by you"))
        return Holder(_OFFICE, say("carries the request out; nothing has to be done by you"))
    return _of_the_office(view, run, first)


def _of_the_office(
    view: RequestView, run: RunView | None, first: FirstApprovalView | None
) -> Holder:
    if view.state == "submitted":
        return Holder(_TECHNICIAN, say("looks at the request and has a plan made"))
    if view.state == "planned" and first:
        return Holder(say("a second person"), say("approves the plan too, after %(name)s",
                                                  name=first.name))  # fmt: skip
    if view.state == "planned":
        return Holder(say("technician or approver"), say("decides on the plan"))
    if run and run.waiting_for:
        person = run.waiting_for.person
        return Holder(person or run.waiting_for.who_title, run.waiting_for.what)
    if view.state == "attention":
        return Holder(_TECHNICIAN, say("has the plan made anew, or rejects the request"))
    if view.state == "scheduled" and run and run.begin_at:
        return Holder(_PROGRAM, say("begins by itself at its time"))
    return Holder(_PROGRAM, say("carries the plan out"))
