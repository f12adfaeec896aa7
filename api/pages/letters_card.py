"""The words of letters that go out, and what the page of a request shows of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.words import Tag
from provisioner.bootstrap import Product
from provisioner.people.rules import Actor
from provisioner.reports.letters.present import KINDS
from provisioner.reports.letters.views import OutLetterView
from provisioner.requests.views import RequestView
from provisioner.texts import Message, say

STATES: Mapping[str, Tag] = {
    "draft": Tag(say("Draft of a letter"), "hollow", "quiet"),
    "awaiting_number": Tag(say("Waiting for its number"), "question", "wait"),
    "awaiting_signature": Tag(say("Waiting for the signature"), "ring", "info"),
    "signed": Tag(say("Signed"), "tick-ring", "info"),
    "sent": Tag(say("Sent"), "tick", "good"),
    "void": Tag(say("Withdrawn"), "dash", "quiet"),
    "replaced": Tag(say("Replaced"), "back", "quiet"),
}
WAYS: Mapping[str, Message] = {
    "srikandi": say("through SRIKANDI"),
    "email": say("by e-mail"),
    "hand": say("by hand"),
}


@dataclass(frozen=True)
class LettersOfRequest:
    """The letters of a request, and the kinds that may be begun."""

    found: Sequence[OutLetterView]
    to_begin: Sequence[tuple[str, Message]]
    states: Mapping[str, Tag]
    kinds: Mapping[str, Message]


def letters_of_request(product: Product, actor: Actor, view: RequestView) -> LettersOfRequest:
    """What the card of the request shows; nothing before it has ended."""
    ended = view.state in ("done", "rejected")
    letters = product.desk.letters
    return LettersOfRequest(
        letters.of_request(actor, view.number) if ended else (),
        [(kind.value, KINDS[kind]) for kind in letters.to_begin(actor, view.number)]
        if ended
        else (),
        STATES,
        KINDS,
    )
