"""What console and JSON interface do with checks besides what their service offers."""

from __future__ import annotations

from provisioner.bootstrap import Product
from provisioner.people.rules import Actor
from provisioner.requests.views import RequestView


def ask_remedy(
    product: Product, actor: Actor, check: str, key: str, reason: str | None = None
) -> RequestView:
    """Ask for a remedy that the diagnosis of a check offers; it becomes a request.

    Raises NotFound, Forbidden, Conflict, Invalid.
    """
    return product.remedies.ask(actor, check, key, reason)
