"""What templates say in their reader's language, on paper and on the screen alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from provisioner.texts import Message, render, translate


def speaking(language: str) -> Callable[..., Markup]:
    """``_`` for templates of one language: the text in it, its values escaped.

    A page says hundreds of texts, so that each is looked up and escaped once.
    """

    @lru_cache(4096)
    def plain(template: str) -> Markup:
        return escape(translate(template, language))

    def gettext(template: str, /, **values: Any) -> Markup:
        if not values:
            return plain(template)
        return plain(template) % {
            name: render(v, language) if isinstance(v, Message) else v for name, v in values.items()
        }

    return gettext
