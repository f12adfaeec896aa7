"""The words and shapes of states, roles and answers, as the console shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from api.acts import title_of_action
from api.campus import Node
from provisioner.checks.views import CheckSummary
from provisioner.people.model import Role
from provisioner.people.rules import Actor, sees_all
from provisioner.requests import completeness
from provisioner.requests.rules import OPEN
from provisioner.requests.views import RequestView
from provisioner.services.troubleshooting.planner import TITLES
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
CHANNELS = {
    "web": say("this form"),
    "paper": say("letter on paper"),
    "srikandi": say("SRIKANDI"),
    "phone": say("telephone"),
    "visit": say("visit"),
}
"""How a request came to the office."""
CONTACT_CHANNELS = {
    "phone": say("telephone"),
    "whatsapp": say("WhatsApp"),
    "visit": say("visit"),
    "email": say("e-mail"),
}
"""How the office and an applicant spoke."""
ROLES = {
    Role.APPLICANT: say("applicant"),
    Role.TECHNICIAN: say("technician"),
    Role.APPROVER: say("approver"),
    Role.HEAD: say("head"),
    Role.COMPLAINTS: say("complaints officer"),
    Role.AUDITOR: say("auditor"),
    Role.ADMINISTRATOR: say("administrator"),
}
SYMPTOMS = {
    "no_internet": say("No Internet at all"),
    "slow": say("It is slow"),
    "no_wifi": say("The WiFi is not there or lets nobody in"),
    "no_address": say("Connected, but without an address"),
    "server_down": say("A server or an application does not answer"),
    "other": say("Something else"),
}
"""What somebody who reports a fault meets."""
CHECK_PURPOSE = {
    "asked": say("asked for"),
    "complaint": say("because of a complaint"),
    "remedy": say("after a remedy"),
    "nightly": say("the nightly round"),
    "handover": say("a day after hand-over"),
    "again": say("again, as something is broken there"),
}
CONFIDENCE = {
    "certain": say("certain: the device itself says so"),
    "likely": say("likely: it fits what was found, and something else could too"),
    "unknown": say("unknown: nothing that was checked explains it"),
}
COLOUR = {
    "green": Tag(say("in order"), "tick", "good"),
    "weak": Tag(say("weak"), "triangle", "wait"),
    "red": Tag(say("broken"), "cross", "bad"),
    "unknown": Tag(say("could not be checked"), "question", "quiet"),
}
"""Of a check, and of a station on the way."""
STATION = {
    "probe": say("Probe"),
    "access_point": say("Access point"),
    "switch": say("Switch"),
    "router": say("Router"),
    "resolver": say("Names (DNS)"),
    "internet": say("Internet"),
    "cluster": say("Cluster"),
    "vm": say("Virtual server"),
    "service": say("Service"),
}
_CHECKING = {
    "queued": Tag(say("Waits for its turn"), "hollow", "quiet"),
    "running": Tag(say("Being checked"), "half", "info"),
    "broken_off": Tag(say("Broken off"), "dash", "alarm"),
}
REMEDIES = TITLES
"""What a remedy does, by its kind."""
REASONS = {
    "by-person": say("A person asked to stop."),
    "step-refused": say("A step could not be carried out."),
    "plan-changed": say("The plan had changed."),
    "too-late": say("The event was over before the work could begin."),
}
"""Why a run was stopped, as it stands on the record."""
SECURITY = {
    "wpa2-personal": say("WPA2: works with every device"),
    "wpa3-personal": say("WPA3: safer, newer devices only"),
    "open": say("Open: without a passphrase, everybody can listen in"),
}
TRUTH = {
    "true": say("No: everybody reaches the internet only"),
    "false": say("Yes: for example to share files or a printer"),
}
"""Whether guests see each other's devices; the key is the answer of ``isolate_clients``."""
FIELDWORK = {
    "none": say("Nothing: a socket is there and works"),
    "cabling": say("A cable has to be laid"),
    "mounting": say("Devices have to be mounted"),
}
"""What a team has to do at a site before it is connected."""
YES_NO = {"true": say("Yes"), "false": say("No")}
FEEDS = {
    "1": say("One: the server has one power supply"),
    "2": say("Two: the server has two power supplies, one on each feed"),
}
"""How many power feeds a server in a rack needs."""
SERVICE_ICONS = {
    "cloud_vps": "server",
    "colocation": "rack",
    "internet": "switch",
    "event_wifi": "wifi",
    "troubleshooting": "triangle",
}
PLATFORMS = {
    "cisco_ios": "Cisco IOS",
    "mikrotik_routeros": "MikroTik RouterOS",
    "openwrt": "OpenWrt",
    "linux": "Linux",
}
KINDS = {
    "vm": say("Virtual server"),
    "event_wifi": say("WiFi for an event"),
    "colocation": say("Server in the data centre"),
    "site": say("Connected site"),
}
DEVICE = {
    "unknown": Tag(say("Not looked at yet"), "hollow", "quiet"),
    "answered": Tag(say("Answers"), "tick", "good"),
    "trouble": Tag(say("Has a problem"), "triangle", "alarm"),
}
LEGACY = Tag(say("Weak encryption"), "triangle", "wait")
CODES_ON = Tag(say("Password and code"), "tick-ring", "good")
ACCOUNT_CLOSED = Tag(say("Account closed"), "dash", "quiet")
DEAD_MAN = {
    "required": say("required: it is not changed without"),
    "best_effort": say("where it can"),
}
"""Whether a device is changed that cannot take a change back by itself."""
MOMENTS = {
    "before": say("before the change"),
    "after": say("after the change"),
    "backup": say("backup"),
}
"""When a configuration was kept."""
LOTS = {
    "free": Tag(say("Free"), "hollow", "quiet"),
    "held": Tag(say("Held for a plan"), "clock", "info"),
    "reserved": Tag(say("Given"), "tick", "good"),
    "resting": Tag(say("Resting"), "dash", "wait"),
}
"""What a VLAN of a segment is."""
NOT_DRIVEN = Tag(say("Not contacted"), "dash", "quiet")
GROUPS = {
    "routers": say("Router"),
    "switches": say("Switch"),
    "access_points": say("Access point"),
    "probes": say("Probe"),
}
TOUCHED = {
    "device:armed": Tag(say("being changed, under a timer"), "half", "info"),
    "device:applied": Tag(say("changed, not yet kept"), "ring", "info"),
    "device:decided": Tag(say("proven, is being kept"), "tick-ring", "info"),
    "device:confirmed": Tag(say("kept and saved"), "tick", "good"),
    "device:again": Tag(say("taken back by its timer, is changed again"), "back", "wait"),
    "device:back": Tag(say("as it was before"), "back", "wait"),
}
"""How far a device is within a change, by the newest event about it."""
UNTOUCHED = Tag(say("not yet"), "hollow", "quiet")
SEVERITY = {
    "high": Tag(say("High"), "triangle", "bad"),
    "medium": Tag(say("Medium"), "question", "wait"),
    "low": Tag(say("Low"), "dash", "quiet"),
}
"""How grave a difference between record and cluster is."""
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


def device_tag(node: Node) -> Tag:
    """How a device was last seen; one that the program never enters has a word of its own."""
    return DEVICE[node.state] if node.driven or node.state != "unknown" else NOT_DRIVEN


def check_tag(view: CheckSummary) -> Tag:
    """How far a check is, and what it gave."""
    return _CHECKING.get(view.state) or COLOUR[view.colour or "unknown"]


def title_of(
    view: RequestView,
    instance: Callable[[str], str] = str,
    target: Callable[[str], str] = str,
) -> Message | str:
    """What a request is called among people: its server, its event, or its action.

    The two tell the names of what stands and of what is checked, by their ids.
    """
    details = view.details
    if view.service == "troubleshooting":
        what = details.get("remedy") or details.get("symptom")
        return say(
            "%(what)s: %(where)s",
            what={**REMEDIES, **SYMPTOMS}.get(str(what), _UNNAMED),
            where=details.get("device") or target(str(details.get("target") or "")),
        )
    if action := details.get("action"):
        return say(
            "%(action)s: %(instance)s",
            action=title_of_action(view.service, action),
            instance=instance(str(details.get("instance", ""))),
        )
    names = ("hostname", "event", "server_name", "location")
    return next((details[name] for name in names if details.get(name)), _UNNAMED)


def starts_at(view: RequestView) -> datetime | None:
    """When the event of a request begins, where it is open still."""
    said = view.details.get("starts_at")
    return datetime.fromisoformat(said) if said and view.state in OPEN else None


_UNNAMED = say("not yet named")
