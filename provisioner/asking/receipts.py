"""The receipt of a request: one page to file, with a QR code that leads to its tracking."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import segno
from markupsafe import Markup

from provisioner import dates
from provisioner.catalogue import Office
from provisioner.printing.sheets import sheet_html, sheet_pdf
from provisioner.requests.views import RequestView
from provisioner.texts import Message, Phrase


def tracking_address(public_url: str, number: str) -> str:
    """Where anybody with the number and a contact reads how the request stands."""
    return f"{public_url.rstrip('/')}/track?{urlencode({'number': number})}"


def receipt_pdf(
    view: RequestView,
    title: Phrase,
    asked: Sequence[tuple[Phrase, Any]],
    office: Office,
    language: str,
    public_url: str,
) -> bytes:
    """The receipt as PDF/A. ``title`` and ``asked``: the service, and what was asked, for people;
    no secret is among them. The same request gives the same bytes."""
    address = tracking_address(public_url, view.number)
    html = sheet_html(
        "receipt.html", office, language,
        view=view, title=title, address=address, code=_code(address),
        asked=[(name, _written(value, office, language)) for name, value in asked],
    )  # fmt: skip
    return sheet_pdf(html)


def _written(value: Any, office: Office, language: str) -> Phrase:
    """An answer as text."""
    if isinstance(value, datetime):
        return dates.moment(value, language, office.zone)
    if isinstance(value, date):
        return dates.plain_day(value, language, office.zone)
    return value if isinstance(value, Message) else str(value)


def _code(address: str) -> Markup:
    made = segno.make(address, error="m", micro=False)
    return Markup(made.svg_inline(border=2, dark="#000", light="#fff", omitsize=True))  # noqa: S704  no text of others
