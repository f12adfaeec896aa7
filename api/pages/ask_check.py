"""What is still wrong with a form that is being filled in, and its answers for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from api.pages import answers
from api.pages.asking import FILE, Asking, Question
from api.pages.details import LABELS, key_lines, lines
from api.pages.form import SECRET, Fault, faults, nested
from api.words import CHANNELS, LETTERS
from provisioner.asking.forms import FormView
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.errors import FieldError, Invalid
from provisioner.people.rules import Actor
from provisioner.requests.completeness import letter_gaps
from provisioner.requests.model import Letter
from provisioner.requests.views import ApplicantIn, LetterIn
from provisioner.texts import Message, say

_MOMENT: TypeAdapter[Any] = TypeAdapter(AwareDatetime)


@dataclass(frozen=True)
class Section:
    """A question with its answers, as the check page shows them."""

    key: str
    title: Message
    lines: Sequence[tuple[Message, Any]]


def values_of(product: Product, actor: Actor, asking: Asking, form: FormView) -> dict[str, str]:
    """All answers of a form, the secret ones too: to be checked and handed in, never shown."""
    secret = product.desk.asking.forms.secrets_of(actor, form.id) if form.secret else {}
    return answers.own({**form.answers, **secret}, asking, actor)


def faults_of(
    product: Product,
    actor: Actor,
    asking: Asking,
    form: FormView | None,
    typed: Mapping[str, str] | None = None,
) -> tuple[Fault, ...]:
    """Everything that is missing or wrong; ``typed`` goes before what the form keeps."""
    values = values_of(product, actor, asking, form) if form else {}
    typed = {k: text for k, text in (typed or {}).items() if text or k != SECRET}
    values = answers.own({**values, **typed}, asking, actor)
    data = nested(values, product.inventory.office.zone)
    found: list[FieldError] = []
    try:
        product.requests.check(asking.service, data.get("details", {}))
    except Invalid as error:
        found += error.errors
    found += _model(ApplicantIn, data.get("applicant", {}), "/applicant")[1]
    letter: LetterIn | None = None
    if kinds := answers.offer_of(product, asking).letters:
        letter, wrong = _model(LetterIn, data.get("letter", {}), "/letter")
        today = now().astimezone(product.inventory.office.zone).date()
        said = Letter(
            kind=data.get("letter", {}).get("kind"),
            date=letter.date.isoformat() if letter else None,
            sha256=form.letter.sha256 if form and form.letter else None,
        )
        found += [*wrong, *letter_gaps(said, kinds, today)]
    if answers.enters_letters(actor):
        found += _receipt(product, data, letter)
    return faults(found, (*asking.fields, "letter/file"))


def _model(
    model: type[Any], data: Mapping[str, Any], below: str
) -> tuple[Any | None, list[FieldError]]:
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        return None, answers.model_faults(error, below)


def _receipt(
    product: Product, data: Mapping[str, Any], letter: LetterIn | None
) -> list[FieldError]:
    found = []
    if not data.get("department"):
        found.append(FieldError("/department", say("please fill this in")))
    if said := data.get("received_at"):
        try:
            moment = _MOMENT.validate_python(said)
        except ValidationError as error:
            return [*found, *answers.model_faults(error, "/received_at")]
        found += product.requests.intake.receipt_faults(moment, letter)
    return found


def sections(
    product: Product,
    actor: Actor,
    asking: Asking,
    form: FormView,
    questions: Sequence[Question],
) -> list[Section]:
    """Every question with its answers in people's words."""
    shown = _shown(product, actor, asking, form)
    return [
        Section(
            one.key, one.title,
            [(LABELS[f"/{name}"], shown[name]) for name in _fields(one) if shown.get(name)]
            or [(LABELS[f"/{_fields(one)[0]}"], None)],
        )
        for one in questions
    ]  # fmt: skip


def _fields(question: Question) -> Sequence[str]:
    return ("letter/file",) if question is FILE else question.fields


def _shown(product: Product, actor: Actor, asking: Asking, form: FormView) -> dict[str, Any]:
    """Each answer as people read it; what does not hold yet is shown as it was typed."""
    values = answers.own(form.answers, asking, actor)
    shown: dict[str, Any] = {**values, **_details(product, asking, form, values)}
    names = {one.id: one.name for one in product.people.departments()}
    shown["department"] = names.get(values.get("department", ""), values.get("department"))
    shown["channel"] = CHANNELS.get(values.get("channel", ""))
    shown["received_at"] = (values.get("received_at") or "").replace("T", " ")
    shown["letter/kind"] = LETTERS.get(values.get("letter/kind", ""))
    if said := values.get("letter/date"):
        shown["letter/date"] = _date(said)
    if form.letter:
        shown["letter/file"] = say(
            "%(name)s (%(count)s pages)", name=form.letter.file_name, count=form.letter.pages
        )
    return shown


def _details(
    product: Product, asking: Asking, form: FormView, values: Mapping[str, str]
) -> dict[str, Any]:
    inventory = product.inventory
    try:
        parsed: BaseModel = product.requests.intake.parse(
            asking.service, nested(values, inventory.office.zone).get("details", {}), complete=False
        )
    except Invalid:
        return {}
    details = parsed.model_dump(mode="json", exclude_unset=True)
    details["passphrase_given"] = SECRET in form.secret
    said = {label.template: value for label, value in lines(details, asking.service, inventory)}
    found = {name: said.get(LABELS[f"/{name}"].template) for name in asking.own}
    if details.get("ssh_keys"):
        found["details/ssh_keys"] = ", ".join(name for name, _, _ in key_lines(details))
    return found


def _date(said: str) -> date | str:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return said
