"""Asking question by question: a page each, kept on the server, checked, and handed in at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, File, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from api import language
from api.pages import answers
from api.pages.ask_check import faults_of, sections, values_of
from api.pages.asking import FILE, Asking, Question, offered
from api.pages.form import SECRET, Fault, Form, anchor, faults, nested, without_secrets
from api.pages.frame import Reader, go, page
from api.security import Services
from provisioner.asking.forms import FormView
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from provisioner.people.policy import Permission
from provisioner.people.rules import Actor, allows
from provisioner.requests.views import NewRequest
from provisioner.texts import say

router = APIRouter(prefix="/ask")
LATER = "later"


@dataclass(frozen=True)
class Sent:
    """What was typed on a page, and what its sender wants next."""

    values: dict[str, str]
    later: bool
    back: bool
    """Back to the check page, where the question was opened from."""


async def sent(request: Request) -> Sent:
    """The form of a page; the language, if it is to be switched, is noted."""
    found = await request.form()
    language.switch(request, found.get("language"))
    texts = {name: text for name, text in found.items() if isinstance(text, str)}
    return Sent(texts, texts.get("go") == LATER, texts.get("back") == "check")


Typed = Annotated[Sent, Depends(sent)]


@router.get("/{service}")
def start(request: Request, actor: Reader, product: Services, service: str) -> Response:
    """The first question, with what the account already tells."""
    asking = _asking(product, actor, service)
    values = answers.known(product, actor, asking)
    return _show(request, actor, product, asking, None, 0, Form(values))


@router.post("/{service}")
def begin(
    request: Request, actor: Reader, product: Services, service: str, typed: Typed
) -> Response:
    """Keep the first answers, and go on to the second question."""
    asking = _asking(product, actor, service)
    return _answer(request, actor, product, asking, None, 0, typed)


@router.get("/{service}/{id}")
def resume(actor: Reader, product: Services, service: str, id: str, request: Request) -> Response:
    """The first question that is not answered yet, else the check."""
    asking, form = _form(product, actor, service, id)
    if form.number:
        return go(request, f"/requests/{form.number}/received")
    wrong = {fault.anchor for fault in faults_of(product, actor, asking, form)}
    for question in _questions(product, actor, asking):
        if not wrong.isdisjoint(_anchors(question)):
            return go(request, f"{_path(form)}/q/{question.key}")
    return go(request, f"{_path(form)}/check")


@router.get("/{service}/{id}/q/{key}")
def question(
    request: Request, actor: Reader, product: Services, service: str, id: str, key: str,
    back: str = "",
) -> Response:  # fmt: skip
    """One question, with what was answered."""
    asking, form = _form(product, actor, service, id)
    index = _index(product, actor, asking, key)
    return _show(
        request, actor, product, asking, form, index, Form(form.answers), back=back == "check"
    )


@router.post("/{service}/{id}/q/{key}")
def answer(
    request: Request, actor: Reader, product: Services, service: str, id: str, key: str,
    typed: Typed,
) -> Response:  # fmt: skip
    """Keep the answer, and go on."""
    asking, form = _form(product, actor, service, id)
    index = _index(product, actor, asking, key)
    return _answer(request, actor, product, asking, form, index, typed)


@router.post("/{service}/{id}/file")
def upload(
    request: Request, actor: Reader, product: Services, service: str, id: str,
    typed: Typed,
    file: Annotated[UploadFile | None, File()] = None,
    photo: Annotated[UploadFile | None, File()] = None,
) -> Response:  # fmt: skip
    """Keep the letter's file or photo, and go on to the check."""
    asking, form = _form(product, actor, service, id)
    index = _index(product, actor, asking, FILE.key)
    if language.switched(request):
        return _show(request, actor, product, asking, form, index, Form(form.answers))
    chosen = next((one for one in (file, photo) if one is not None and one.filename), None)
    try:
        if chosen is not None:
            data, name = chosen.file.read(), chosen.filename or ""
            form = product.desk.asking.forms.attach(actor, form.id, name, data)
        elif form.letter is None and not typed.later:
            missing = say("upload the letter (PDF, JPEG or PNG)")
            raise Invalid([FieldError("/file", missing)])
    except Invalid as error:
        shown = Form(form.answers, faults(error.errors, ("file",)))
        return _show(request, actor, product, asking, form, index, shown, status=422)
    return go(request, _after(product, actor, asking, form, index, typed))


@router.get("/{service}/{id}/check")
def check(request: Request, actor: Reader, product: Services, service: str, id: str) -> Response:
    """All answers, to be looked over and changed."""
    asking, form = _form(product, actor, service, id)
    if form.number:
        return go(request, f"/requests/{form.number}/received")
    return _check_page(request, actor, product, asking, form)


@router.post("/{service}/{id}/check")
def hand_in(
    request: Request, actor: Reader, product: Services, service: str, id: str, typed: Typed
) -> Response:
    """Make the request, with its letter, and submit it; whatever fails, the answers stay."""
    asking, form = _form(product, actor, service, id)
    if form.number:
        return go(request, f"/requests/{form.number}/received")
    if language.switched(request):
        return _check_page(request, actor, product, asking, form)
    inventory, values = product.inventory, values_of(product, actor, asking, form)
    data = {**nested(values, inventory.office.zone), "service": asking.service}
    if not answers.enters_letters(actor):
        data["department"] = actor.department or ""
    try:
        if found := faults_of(product, actor, asking, form):
            return _check_page(request, actor, product, asking, form, found)
        new = answers.checked(NewRequest, data, values, asking, inventory)
        number = product.desk.asking.forms.hand_in(actor, form.id, new)
    except Invalid as error:
        wrong = faults(error.errors, (*asking.fields, "letter/file"))
        return _check_page(request, actor, product, asking, form, wrong)
    return go(request, f"/requests/{number}/received")


@router.post("/{service}/{id}/discard")
def discard(actor: Reader, product: Services, service: str, id: str, request: Request) -> Response:
    """Forget the form."""
    _form(product, actor, service, id)
    product.desk.asking.forms.discard(actor, id)
    return go(request, "/services")


# ---------------------------------------------------------------------- inside


def _asking(product: Product, actor: Actor, service: str) -> Asking:
    if not allows(actor, Permission.FILE):
        raise Forbidden(say("Your role does not allow this."))
    found = next((one for one in offered(product.inventory) if one.service == service), None)
    if found is None:
        raise NotFound(say("This service is not offered here."))
    return found


def _form(product: Product, actor: Actor, service: str, id: str) -> tuple[Asking, FormView]:
    asking = _asking(product, actor, service)
    form = product.desk.asking.forms.get(actor, id)
    if form.service != service:
        raise NotFound(say("There is no such form; it may have been handed in or discarded."))
    return asking, form


def _questions(product: Product, actor: Actor, asking: Asking) -> tuple[Question, ...]:
    letter = bool(answers.offer_of(product, asking).letters)
    return asking.asked(letter=letter, office=answers.enters_letters(actor))


def _index(product: Product, actor: Actor, asking: Asking, key: str) -> int:
    for index, one in enumerate(_questions(product, actor, asking)):
        if one.key == key:
            return index
    raise NotFound(say("There is no such question."))


def _anchors(question: Question) -> list[str]:
    return ["f-file", "f-letter-file"] if question is FILE else list(map(anchor, question.fields))


def _path(form: FormView) -> str:
    return f"/ask/{form.service}/{form.id}"


def _answer(
    request: Request,
    actor: Actor,
    product: Product,
    asking: Asking,
    form: FormView | None,
    index: int,
    typed: Sent,
) -> Response:
    """Check what was typed against this question alone; keep it, or show what is wrong."""
    one = _questions(product, actor, asking)[index]
    said = {name: typed.values.get(name, "") for name in one.fields}
    said = answers.own(said, asking, actor)
    before = form.answers if form else answers.known(product, actor, asking)
    if language.switched(request):
        shown = Form({**before, **said})
        return _show(request, actor, product, asking, form, index, shown, back=typed.back)
    wrong = [
        fault
        for fault in faults_of(product, actor, asking, form, {**before, **said})
        if fault.anchor in _anchors(one)
    ]
    if wrong and not (typed.later and without_secrets(said) == _kept(said)):
        shown = Form({**before, **said}, tuple(wrong))
        return _show(
            request, actor, product, asking, form, index, shown, back=typed.back, status=422
        )
    kept, secret = _kept(said), _secret(said)
    forms = product.desk.asking.forms
    try:
        if form is None:
            form = forms.begin(actor, asking.service, {**before, **kept}, secret)
        else:
            form = forms.save(actor, form.id, kept, secret)
    except Conflict as error:
        return go(request, f"/requests/{error.extra.get('number')}/received")
    return go(request, _after(product, actor, asking, form, index, typed))


def _kept(said: dict[str, str]) -> dict[str, str]:
    return {name: "" if name == SECRET else text for name, text in said.items()}


def _secret(said: dict[str, str]) -> dict[str, str]:
    """A passphrase that was typed; an open network has none, an empty field keeps the former."""
    if said.get("details/security") == "open":
        return {SECRET: ""}
    return {SECRET: said[SECRET]} if said.get(SECRET) else {}


def _after(
    product: Product, actor: Actor, asking: Asking, form: FormView, index: int, typed: Sent
) -> str:
    if typed.later:
        return f"/services?kept={form.id}"
    following = _questions(product, actor, asking)[index + 1 :]
    if typed.back or not following:
        return f"{_path(form)}/check"
    return f"{_path(form)}/q/{following[0].key}"


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    asking: Asking,
    form: FormView | None,
    index: int,
    shown: Form,
    *,
    back: bool = False,
    status: int = 200,
) -> Response:
    questions = _questions(product, actor, asking)
    one = questions[index]
    former = f"{_path(form)}/q/{questions[index - 1].key}" if form and index else None
    at = _path(form) if form else f"/ask/{asking.service}"
    action = at if form is None else f"{at}/file" if one is FILE else f"{at}/q/{one.key}"
    unfinished = product.desk.asking.forms.unfinished(actor, asking.service) if not form else ()
    secret = form.secret if form else frozenset[str]()
    return page(
        request,
        "ask_file.html" if one is FILE else "ask_question.html",
        status=status,
        question=one,
        number=index + 1,
        count=len(questions),
        action=action,
        back=back,
        former=f"{_path(form)}/check" if back and form else former,
        kept_form=form,
        unfinished=unfinished,
        **answers.field_context(product, actor, asking, shown, secret=secret),
    )


def _check_page(
    request: Request,
    actor: Actor,
    product: Product,
    asking: Asking,
    form: FormView,
    wrong: tuple[Fault, ...] = (),
) -> Response:
    questions = _questions(product, actor, asking)
    places = {at: one.key for one in questions for at in _anchors(one)}
    return page(
        request,
        "ask_check.html",
        status=422 if wrong else 200,
        asking=asking,
        kept_form=form,
        path=_path(form),
        errors=wrong,
        places=places,
        offer=answers.offer_of(product, asking),
        sections=sections(product, actor, asking, form, questions),
        former=f"{_path(form)}/q/{questions[-1].key}",
    )
