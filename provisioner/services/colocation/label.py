"""What the label on a server and its hand-over sheet say, with the QR code; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from provisioner.services.colocation.steps import units_text
from provisioner.services.event_wifi.poster import qr_svg
from provisioner.texts import Message, Phrase, say

LABEL_MM = (60, 40)
"""Width and height of a label."""
Row = tuple[Message, Phrase]


@dataclass(frozen=True)
class Label:
    """The label of 60 x 40 mm that is glued on front and back: a code, a name, few lines."""

    qr_svg: str
    number: str
    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Item:
    """One point of the hand-over sheet; ``done`` where it was reported."""

    text: Phrase
    done: bool


@dataclass(frozen=True)
class Sheet:
    """The hand-over sheet (A4), from the top; ``signatures`` are lines to sign on."""

    qr_svg: str
    number: str
    name: str
    sections: tuple[tuple[Message, tuple[Row, ...]], ...]
    items: tuple[Item, ...]
    note: str
    photos: tuple[str, ...]
    signatures: tuple[Message, ...]


def label(number: str, link: str, department: str, placed: Mapping[str, Any]) -> Label:
    """The label of a request; ``placed``: the params of the step that hands over.

    ``link`` is what the code opens, ``department`` the department's name.
    """
    return Label(
        qr_svg=qr_svg(link),
        number=number,
        name=str(placed["server"]),
        rows=(
            (say("Rack"), _place(placed)),
            (say("Power"), ", ".join(placed["feeds"])),
            (say("Port"), f"{placed['switch']}:{placed['port']}"),
            (say("Address"), str(placed["address"])),
            (say("Owner"), department),
        ),
    )


def sheet(
    number: str,
    link: str,
    department: str,
    placed: Mapping[str, Any],
    details: Mapping[str, Any],
    checklist: Sequence[Item],
    report: Mapping[str, Any],
) -> Sheet:
    """The hand-over sheet; ``details`` are the request's, ``report`` what was said of the racking
    (empty before it: then it is the sheet to take along)."""
    told = report.get("answers", {})
    serial = placed.get("serial") or told.get("serial") or "-"
    server: tuple[Row, ...] = (
        (say("Name"), str(placed["server"])),
        (say("Purpose"), str(details["purpose"])),
        (say("Model"), str(details["model"])),
        (say("Serial number"), str(serial)),
        (say("Owner"), department),
        (say("Contact on site"), str(details["contact_on_site"])),
    )
    place: tuple[Row, ...] = (
        (say("Rack and units"), _place(placed)),
        (say("Power feeds"), ", ".join(placed["feeds"])),
        (say("Power"), say("at most %(watts)s watts", watts=details["watts"])),
        (say("Switch port"), f"{placed['switch']}:{placed['port']}"),
    )
    network: tuple[Row, ...] = (
        (say("Address"), str(placed["address"])),
        (say("Gateway"), str(placed["gateway"])),
        (say("Name servers"), ", ".join(placed["dns"]) or "-"),
        (say("Network card"), str(details.get("mac") or "-")),
        (say("Open ports"), _ports(details)),
    )
    return Sheet(
        qr_svg=qr_svg(link),
        number=number,
        name=str(placed["server"]),
        sections=(
            (say("Server"), server),
            (say("Place in the data centre"), place),
            (say("Network settings"), network),
        ),
        items=tuple(checklist),
        note=str(report.get("note", "")),
        photos=tuple(report.get("photos", ())),
        signatures=(say("Handed over by (department)"), say("Received by (information office)")),
    )


def _place(placed: Mapping[str, Any]) -> Message:
    return say("%(rack)s, units %(units)s", rack=placed["rack"], units=units_text(placed["units"]))


def _ports(details: Mapping[str, Any]) -> str:
    ports = details.get("open_ports") or ()
    return ", ".join(f"{each['port']}/{each['protocol']}" for each in ports) or "-"
