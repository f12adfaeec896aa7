"""The words of the monthly report."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner import dates
from provisioner.reports.clock import figure, spelled
from provisioner.reports.monthly.views import WorkView
from provisioner.texts import Message, render, say

SERVICES: Mapping[str, Message] = {
    "cloud_vps": say("Cloud VPS (virtual server)"),
    "colocation": say("Colocation of a server"),
    "internet": say("Internet connection"),
    "event_wifi": say("WiFi for an event"),
    "troubleshooting": say("Help with a fault"),
}
WAITS: Mapping[str, Message] = {
    "applicant": say("waiting for the department"),
    "review": say("waiting to be looked at and approved"),
    "machine": say("the program at work"),
    "people": say("in the field and repairs"),
    "date": say("waiting for the day asked for"),
}
LETTERS: Mapping[str, Message] = {
    "drafted": say("drafted"),
    "issued": say("given a number"),
    "signed": say("signed"),
    "sent": say("sent"),
}
COMPLAINT_KINDS: Mapping[str, Message] = {
    "complaint": say("complaint"),
    "suggestion": say("suggestion"),
    "appreciation": say("appreciation"),
}
COMPLAINT_CLASSES: Mapping[str, Message] = {
    "light": say("light"),
    "normative": say("normative"),
    "not_supervisory": say("not supervisory"),
    "supervisory": say("supervisory, with examination"),
    "unclassified": say("not classified yet"),
}
COMPLAINT_CHANNELS: Mapping[str, Message] = {
    "visit": say("face to face"),
    "box": say("suggestion box"),
    "whatsapp": say("WhatsApp"),
    "phone": say("telephone"),
    "email": say("e-mail"),
    "sp4n_lapor": say("SP4N-LAPOR!"),
    "social_media": say("social media"),
    "web": say("this site"),
}
RESOURCES: Mapping[str, Message] = {"memory_mb": say("memory"), "cores": say("CPU cores")}


def word(words: Mapping[str, Message], key: str, language: str) -> str:
    """The word of a key; the key itself where there is none."""
    return render(words.get(key, key), language)


def resource(name: str, language: str) -> str:
    """What a resource of a cluster is called."""
    if name in RESOURCES:
        return render(RESOURCES[name], language)
    storage = name.partition(":")[2] or name
    return render(say("storage %(storage)s", storage=storage), language)


def amount(name: str, value: float, language: str) -> str:
    """An amount of a resource, memory in GB."""
    if name == "memory_mb":
        return f"{dates.number(round(value / 1024), language)} GB"
    if name == "cores":
        return dates.number(round(value), language)
    return f"{dates.number(round(value), language)} GB"


def working_time(work: WorkView | None, language: str) -> str:
    """Such as “1,4 working days” or “3,5 working hours”; a dash of none."""
    if work is None:
        return "–"
    return render(spelled(work.work, dates.number(figure(work.work), language)), language)


def number_of(month: str) -> str:
    """The record of a month's report, such as ``REP-2026-10``."""
    return f"REP-{month}"
