"""Renders printed matter from our own templates, as HTML and as PDF/A-3a."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

from provisioner import dates
from provisioner.catalogue import Office
from provisioner.printing import wording
from provisioner.texts import render

PAGES = Path(__file__).parent / "pages"
PDF_VARIANT = "pdf/a-3a"
"""ISO 19005-3, level A: what archives of the government take, tagged for readers of the screen."""
logging.getLogger("weasyprint").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)


def sheet_html(template: str, office: Office, language: str, **context: Any) -> str:
    """The template of ``pages/`` as a whole HTML page; its style sheets stand inside it.

    Filters: ``day``, ``plain_day``, ``moment``, ``number``, ``say``; ``_("…")`` translates.
    """
    return (
        _environment(language, office.zone)
        .get_template(template)
        .render(office=office, language=language, style=_style, **context)
    )


def sheet_pdf(html: str) -> bytes:
    """The page of ``sheet_html`` as PDF/A-3a; it can load nothing, from this machine or another.

    The same page gives the same bytes.
    """
    from weasyprint import HTML  # slow to import, and most processes never print

    written: bytes = HTML(string=html, url_fetcher=_nothing).write_pdf(
        pdf_variant=PDF_VARIANT, pdf_tags=True
    )
    return written


def _nothing(url: str, *_: Any, **__: Any) -> Mapping[str, Any]:
    raise ValueError(f"printed matter loads nothing: {url[:60]}")


@cache
def _style(name: str) -> Markup:
    """A style sheet of ours, to stand within ``<style>``."""
    return Markup((PAGES / name).read_text())  # noqa: S704  a file of ours


@cache
def _environment(language: str, zone: ZoneInfo) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PAGES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(_=wording.speaking(language))
    environment.filters.update(
        say=partial(render, language=language),
        day=partial(dates.day, language=language, zone=zone),
        plain_day=partial(dates.plain_day, language=language, zone=zone),
        moment=partial(dates.moment, language=language, zone=zone),
        number=partial(dates.number, language=language),
    )
    return environment
