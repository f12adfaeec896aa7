"""What a request lacks before it can be submitted; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import reduce
from typing import get_args

from pydantic import BaseModel, SecretStr

from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.errors import FieldError, Invalid
from provisioner.requests.model import Letter, Request
from provisioner.texts import Message, say

LETTERS: Mapping[str, Message] = {
    "signed": say("Signed and stamped letter"),
    "srikandi": say("Letter through SRIKANDI"),
}
"""The kinds of letter in plain words."""


def complete_details(
    request: Request,
    letter: Letter | None,
    inventory: Inventory,
    parse: Callable[[], BaseModel],
) -> BaseModel:
    """The checked details. Raises Invalid with the gaps of details and letter together.

    An action on what stands already rests on the letter of the request that made it.
    """
    gaps: list[FieldError] = []
    details: BaseModel | None = None
    try:
        details = parse()
    except Invalid as error:
        gaps += error.errors
    offer = inventory.catalogue.offer(request.service)
    if offer is not None and offer.letters and "action" not in request.details:
        today = now().astimezone(inventory.office.zone).date()
        gaps += letter_gaps(letter, offer.letters, today)
    if gaps or details is None:
        raise Invalid(gaps)
    return details


def secret_fields(details: BaseModel) -> list[str]:
    """The fields of a form that are secrets."""
    fields = type(details).model_fields.items()
    return [name for name, field in fields if _holds_secret(field.annotation)]


def _holds_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


def letter_gaps(letter: Letter | None, kinds: tuple[str, ...], today: date) -> list[FieldError]:
    """What the letter lacks, or what is wrong with it, for a service that takes these kinds."""
    gaps: list[FieldError] = []
    if letter is None or letter.kind is None:
        gaps.append(
            FieldError("/letter", say("give the letter's kind, number, date and signatory"))
        )
    elif letter.kind not in kinds:
        accepted = reduce(_or, (LETTERS[kind] for kind in kinds))
        gaps.append(
            FieldError("/letter/kind", say("this service accepts: %(kinds)s", kinds=accepted))
        )
    elif letter.date and date.fromisoformat(letter.date) > today:
        gaps.append(
            FieldError("/letter/date", say("is in the future; check the date on the letter"))
        )
    if letter is None or letter.sha256 is None:
        gaps.append(FieldError("/letter/file", say("upload the letter (PDF, JPEG or PNG)")))
    return gaps


def _or(one: Message, other: Message) -> Message:
    return say("%(one)s or %(other)s", one=one, other=other)
