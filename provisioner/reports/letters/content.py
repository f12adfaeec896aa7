"""What a letter says, from the record to its sentences; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from provisioner import dates
from provisioner.catalogue import Inventory
from provisioner.catalogue.office import Signatory
from provisioner.catalogue.office_letters import LetterKind
from provisioner.reports.letters.rows import LANGUAGE, Made, Proof, Row, proof_text, rows_of, say_id
from provisioner.reports.letters.rules import Kind
from provisioner.texts import Message, say

NUMBER_MISSING = say("[number from SRIKANDI]")
DATE_MISSING = say("[date]")

_SERVICES = {
    "cloud_vps": say("Cloud VPS (virtual server)"),
    "colocation": say("Colocation of a server"),
    "internet": say("Internet connection"),
    "event_wifi": say("WiFi for an event"),
    "troubleshooting": say("Help with a fault"),
}
_ACTIONS: Mapping[str, Message] = {
    "change": say("change of the service"),
    "extend": say("extension of the service"),
    "end": say("end of the service"),
    "suspend": say("suspension of the service"),
    "resume": say("taking up the service again"),
    "resize": say("another size of the server"),
    "restore": say("restoring the server from its backup"),
    "rebuild": say("making the server anew"),
}
_OTHER_ACTION = say("a change of what stands")


class LetterContent(BaseModel):
    """Everything that a letter says; what the preview shows and the PDF prints."""

    model_config = ConfigDict(frozen=True)

    kind: LetterKind
    request: str
    number: str | None
    date: str | None
    """As written, such as “27 Maret 2026”."""
    weekday: str
    subject: str
    recipient: str
    opening: str
    rows: list[Row]
    notes: list[str]
    closing: str
    receiver: Signatory | None
    """Who signs beside the office, on a hand-over."""
    signatory: Signatory
    copies: list[str]
    code: str


@dataclass(frozen=True)
class Matter:
    """What is on record of a request when its letter is written."""

    kind: Kind
    number: str
    service: str
    department: str
    applicant: Mapping[str, Any]
    details: Mapping[str, Any]
    received_at: datetime
    closed_at: datetime
    reason: str | None = None
    asked_by: Mapping[str, Any] = field(default_factory=dict)
    """Of the letter of request: ``number``, ``date``, ``signatory``; empty without one."""
    made: Made | None = None
    proofs: Sequence[Proof] = ()
    cause: str | None = None
    advice: str | None = None


def compose(
    matter: Matter,
    inventory: Inventory,
    code: str,
    *,
    edits: Mapping[str, Any],
    number: str | None,
    day: str | None,
) -> LetterContent:
    """The letter; ``day`` is its ISO date. ``edits`` go before what the record and office say."""
    office, words = inventory.office, inventory.office.letters
    kind: LetterKind = matter.kind.value
    zone = office.zone
    return LetterContent(
        kind=kind,
        request=matter.number,
        number=number,
        date=dates.plain_day(day, LANGUAGE, zone) if day else None,
        weekday=dates.day(day, LANGUAGE, zone).partition(",")[0] if day else "…",
        subject=edits.get("subject")
        or f"{words.phrase('subjects', kind)} {_about(matter)}".strip(),
        recipient=edits.get("recipient") or recipient(matter, words.salutation_head),
        opening=_opening(matter, inventory) + words.phrase("openings", kind),
        rows=_rows(matter, inventory),
        notes=_notes(matter, inventory, edits.get("note")),
        closing=words.phrase("closings", kind),
        receiver=_receiver(matter) if matter.kind is Kind.HANDOVER else None,
        signatory=office.signatories.get(str(edits.get("signatory"))) or office.signatory,
        copies=list(edits.get("copies", office.tembusan)),
        code=code,
    )


def recipient(matter: Matter, standing: str) -> str:
    """Who signed the letter of request, else the head of the department."""
    position = (matter.asked_by.get("signatory") or {}).get("position")
    return str(position) if position else standing.replace("%(department)s", matter.department)


def _about(matter: Matter) -> str:
    """The service, and what was done to what stands; empty for a fault, whose kind says it."""
    if matter.service == "troubleshooting":
        return ""
    what = say_id(_SERVICES[matter.service])
    if "action" in matter.details:
        action = _ACTIONS.get(str(matter.details["action"]), _OTHER_ACTION)
        return f"{what}: {say_id(action)}"
    return what


def _opening(matter: Matter, inventory: Inventory) -> str:
    zone = inventory.office.zone
    if matter.kind is Kind.HANDOVER:
        return ""
    asked = matter.asked_by
    what = _about(matter)
    if not what:
        template = say(
            "Following your report of a fault of %(day)s, recorded with us as %(number)s, ",
            day=dates.plain_day(matter.received_at, LANGUAGE, zone), number=matter.number,
        )  # fmt: skip
    elif asked.get("number") and asked.get("date"):
        template = say(
            "Following your letter number %(letter)s of %(day)s about %(what)s, recorded with us "
            "as %(number)s, ",
            letter=asked["number"], day=dates.plain_day(asked["date"], LANGUAGE, zone), what=what,
            number=matter.number,
        )  # fmt: skip
    else:
        template = say(
            "Following your request of %(day)s about %(what)s, recorded with us as %(number)s, ",
            day=dates.plain_day(matter.received_at, LANGUAGE, zone), what=what,
            number=matter.number,
        )  # fmt: skip
    return say_id(template)


def _rows(matter: Matter, inventory: Inventory) -> list[Row]:
    zone = inventory.office.zone
    ended = dates.day(matter.closed_at, LANGUAGE, zone)
    if matter.kind is Kind.REJECTION:
        basis = "; ".join(inventory.office.legal_basis)
        rows = [(say_id(say("Reason")), matter.reason or "-")]
        return [*rows, *([(say_id(say("Legal basis")), basis)] if basis else [])]
    rows = []
    if matter.kind is Kind.HANDOVER:
        rows.append((say_id(say("Registration number")), matter.number))
    if matter.kind is Kind.ANSWER:
        told = str(matter.details.get("description") or "")
        rows += [(say_id(say("What was reported")), told)] if told else []
        rows += [(say_id(say("Cause found")), matter.cause or say_id(say("no cause was found")))]
        rows += [(say_id(say("What to do")), matter.advice)] if matter.advice else []
        return [*rows, (say_id(say("Finished on")), ended)]
    if matter.made:
        rows += rows_of(matter.made, matter.details, inventory, zone)
    rows.append((say_id(say("Finished on")), ended))
    proof = proof_text(matter.proofs, zone)
    return [*rows, *([(say_id(say("Proof")), proof)] if proof else [])]


def _notes(matter: Matter, inventory: Inventory, own: str | None) -> list[str]:
    notes = [own] if own else []
    if matter.kind is Kind.HANDOVER:
        return notes
    channels = ", ".join(f"{c.title} {c.contact}" for c in inventory.office.complaint_channels[:3])
    if channels:
        notes.append(
            say_id(say("Complaints and suggestions are welcome at: %(channels)s.",
                       channels=channels))
        )  # fmt: skip
    return notes


def _receiver(matter: Matter) -> Signatory:
    """Who receives for the department: whoever asked."""
    who = matter.applicant
    return Signatory(
        name=str(who.get("name") or "…"),
        position=str(who.get("position") or matter.department),
        rank=None,
        employee_id=who.get("employee_id"),
    )


def local_day(moment: datetime, inventory: Inventory) -> date:
    """The day of a moment where the office is."""
    return moment.astimezone(inventory.office.zone).date()
