"""The words and shapes of states, roles and answers, as the console shows them."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.people.model import Role
from provisioner.people.rules import Actor, sees_all
from provisioner.requests import completeness
from provisioner.texts import Message, say


@dataclass(frozen=True)
class Tag:
    """A state's word, its shape (an icon's name) and its tone (a CSS class)."""

    word: Message
    shape: str
    tone: str


REQUEST = {
    "draft": Tag(say("Draft"), "hollow", "quiet"),
    "submitted": Tag(say("Submitted"), "dot", "info"),
    "needs_info": Tag(say("Needs information"), "question", "wait"),
    "planned": Tag(say("Ready to approve"), "ring", "info"),
    "approved": Tag(say("Approved"), "tick-ring", "info"),
    "scheduled": Tag(say("Scheduled"), "clock", "info"),
    "in_progress": Tag(say("In progress"), "half", "info"),
    "attention": Tag(say("Needs attention"), "triangle", "alarm"),
    "done": Tag(say("Done"), "tick", "good"),
    "rejected": Tag(say("Rejected"), "cross", "bad"),
    "cancelled": Tag(say("Cancelled"), "dash", "quiet"),
}
RUN = {
    "queued": Tag(say("Waiting for its turn"), "hollow", "info"),
    "scheduled": Tag(say("Scheduled"), "clock", "info"),
    "running": Tag(say("Running"), "half", "info"),
    "waiting_retry": Tag(say("Waiting to try again"), "clock", "wait"),
    "waiting_person": Tag(say("Waiting for a person"), "triangle", "alarm"),
    "undoing": Tag(say("Undoing"), "back", "wait"),
    "succeeded": Tag(say("Succeeded"), "tick", "good"),
    "failed": Tag(say("Failed"), "cross", "bad"),
    "stopped": Tag(say("Stopped"), "dash", "quiet"),
}
UNKNOWN_OUTCOME = Tag(say("Outcome not certain yet"), "question", "alarm")
STEP = {
    "pending": Tag(say("Not yet"), "hollow", "quiet"),
    "running": Tag(say("Running"), "half", "info"),
    "changed": Tag(say("Changed"), "tick", "good"),
    "unchanged": Tag(say("Already right"), "equal", "good"),
    "skipped": Tag(say("Skipped"), "dash", "quiet"),
    "failed": Tag(say("Failed"), "cross", "bad"),
    "undone": Tag(say("Undone"), "back", "wait"),
}
INSTANCE = {
    "active": Tag(say("Active"), "tick", "good"),
    "suspended": Tag(say("Suspended"), "dash", "wait"),
    "attention": Tag(say("Needs attention"), "triangle", "alarm"),
    "ended": Tag(say("Ended"), "dash", "quiet"),
}
SERVICES = {
    "cloud_vps": say("Cloud VPS (virtual server)"),
    "colocation": say("Colocation of a server"),
    "internet": say("Internet connection"),
    "event_wifi": say("WiFi for an event"),
    "troubleshooting": say("Help with a fault"),
}
LETTERS = completeness.LETTERS
ROLES = {
    Role.APPLICANT: say("applicant"),
    Role.TECHNICIAN: say("technician"),
    Role.APPROVER: say("approver"),
    Role.HEAD: say("head"),
    Role.COMPLAINTS: say("complaints officer"),
    Role.AUDITOR: say("auditor"),
    Role.ADMINISTRATOR: say("administrator"),
}
REASONS = {
    "by-person": say("A person asked to stop."),
    "step-refused": say("A step could not be carried out."),
    "plan-changed": say("The plan had changed."),
}
"""Why a run was stopped, as it stands on the record."""
RISKS = {"low": say("Low"), "medium": say("Medium"), "high": say("High")}

_UNDER_WAY = {"approved", "scheduled", "in_progress", "attention"}


def request_tag(state: str, actor: Actor) -> Tag:
    """The state's tag; an applicant reads fewer states, since what differs is not theirs to do."""
    if not sees_all(actor):
        if state == "planned":
            return REQUEST["submitted"]
        if state in _UNDER_WAY:
            return REQUEST["in_progress"]
    return REQUEST[state]


def run_tag(state: str, waiting_kind: str | None = None) -> Tag:
    """The run's tag; waiting because an outcome is unknown has a word of its own."""
    if state == "waiting_person" and waiting_kind == "outcome_unknown":
        return UNKNOWN_OUTCOME
    return RUN[state]
