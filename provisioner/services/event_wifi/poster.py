"""The printed poster of an event's WiFi: its QR code, and the texts around it; pure."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import segno

from provisioner.drivers.network import Security
from provisioner.services.booking import shown
from provisioner.texts import Message, Phrase, say

_MEANINGFUL = re.compile(r'([\\;,:"])')
_KIND: Mapping[Security, str] = {
    "wpa2-personal": "T:WPA;",
    "wpa3-personal": "T:WPA;R:1;",  # R:1: never fall back to WPA2
    "open": "T:nopass;",
}


@dataclass(frozen=True)
class Poster:
    """What a poster says, from the top; ``rows`` are labels with what stands beside them.

    Holds the passphrase: render it, never keep it.
    """

    title: Phrase
    qr_svg: str
    scan: Message
    rows: tuple[tuple[Message, Phrase], ...]
    notes: tuple[Message, ...]


def qr_payload(ssid: str, security: Security, passphrase: str | None) -> str:
    """What telephones read from the code: ``WIFI:T:WPA;S:name;P:secret;;``.

    The form is that of the Wi-Fi Alliance's WPA3 specification (section 7), which holds for WPA2
    too; ``\\ ; , : "`` are escaped by a backslash.
    """
    secret = f"P:{_escaped(passphrase)};" if passphrase is not None and security != "open" else ""
    return f"WIFI:{_KIND[security]}S:{_escaped(ssid)};{secret};"


def qr_svg(payload: str) -> str:
    """The code as an SVG element to stand inside a page; dark modules only, 4 modules of quiet."""
    out = io.BytesIO()
    code = segno.make(payload, error="m", micro=False, encoding="utf-8")
    code.save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, nl=False)
    return out.getvalue().decode()


def poster(
    event: str,
    place: str,
    ssid: str,
    security: Security,
    passphrase: str | None,
    starts_at: datetime | None,
    ends_at: datetime | None,
    zone: tzinfo,
) -> Poster:
    """The poster of one event, or of a site's permanent WiFi; ``place`` is its title.

    Times are shown in ``zone``; a WiFi without begin and end says none.
    """
    name = (say("Network name"), ssid)
    locked = security != "open" and passphrase is not None
    secret = ((say("Passphrase"), passphrase),) if locked and passphrase is not None else ()
    return Poster(
        title=event,
        qr_svg=qr_svg(qr_payload(ssid, security, passphrase)),
        scan=say("Point the camera of your telephone at the code and confirm."),
        rows=(name, *secret, (say("Place"), place), *_when(starts_at, ends_at, zone)),
        notes=(say("Without a camera: choose the network in the WiFi settings and type the "
                   "passphrase exactly as it stands here."),)
        if locked
        else (say("The network needs no passphrase. Do not enter passwords on pages without https "
                  "while you use it."),),
    )  # fmt: skip


def _when(
    starts_at: datetime | None, ends_at: datetime | None, zone: tzinfo
) -> tuple[tuple[Message, Phrase], ...]:
    if ends_at is None:
        return ()
    end = shown(ends_at, zone)
    if starts_at is None:
        return ((say("When"), say("until %(end)s", end=end)),)
    told = say("%(start)s until %(end)s", start=shown(starts_at, zone), end=end)
    return ((say("When"), told),)


def _escaped(text: str) -> str:
    return _MEANINGFUL.sub(r"\\\1", text)
