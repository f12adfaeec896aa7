"""What templates say in their reader's language, on paper and on the screen alike."""

from __future__ import annotations

from typing import Any

import jinja2
from markupsafe import Markup, escape

from provisioner import dates
from provisioner.texts import Message, render, translate


@jinja2.pass_context
def gettext(context: jinja2.runtime.Context, template: str, **values: Any) -> Markup:
    """The template in the reader's language, its values escaped."""
    text = translate(template, context["language"])
    if not values:
        return escape(text)
    return escape(text) % {
        name: render(v, context["language"]) if isinstance(v, Message) else v
        for name, v in values.items()
    }


@jinja2.pass_context
def number(context: jinja2.runtime.Context, value: float) -> str:
    """Such as “1.234.567,5”."""
    return dates.number(value, context["language"])
