"""What the reader is told, and over which channels."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.pages.form import Fault
from api.pages.frame import Reader, page
from api.security import Services
from provisioner.bootstrap import Product
from provisioner.errors import Conflict, Invalid
from provisioner.notices.rules import CHANNELS
from provisioner.people.rules import Actor
from provisioner.texts import Message, say

router = APIRouter(prefix="/account/notices")
DONE = {
    "chosen": say("Your choice is in force."),
    "own": say("The channel is kept. Send a trial to see whether it works."),
    "removed": say("The channel is forgotten."),
    "trial": say("A trial is on its way; it should be there within a minute."),
}


async def sent_form(request: Request) -> FormData:
    """What was typed."""
    return await request.form()


@router.get("")
def show(request: Request, actor: Reader, product: Services, done: str = "") -> Response:
    """The choice, the channels and how they do."""
    return _page(request, actor, product, done=DONE.get(done))


@router.post("")
def choose(
    request: Request,
    actor: Reader,
    product: Services,
    form: FormData = Depends(sent_form),  # noqa: B008
) -> Response:
    """Keep what was ticked; a topic with nothing ticked is not told."""
    ticked = {str(value) for _, value in form.multi_items()}
    mine = product.desk.notices.get(actor).topics
    product.desk.notices.choose(
        actor,
        {one.topic: [c for c in CHANNELS if f"{one.topic}:{c}" in ticked] for one in mine},
    )
    return RedirectResponse("/account/notices?done=chosen", 303)


@router.post("/own")
def keep_own(
    request: Request,
    actor: Reader,
    product: Services,
    form: FormData = Depends(sent_form),  # noqa: B008
) -> Response:
    """Keep an address of the reader's own, or forget it."""
    url = "" if "forget" in form else str(form.get("own", ""))
    if not url.strip() and "forget" not in form:
        empty = Fault("own", say("Own channel"), say("is missing; add it"))
        return _page(request, actor, product, errors=(empty,), status=422)
    try:
        product.desk.notices.set_own(actor, url)
    except Invalid as refusal:
        label = say("Own channel")
        wrong = tuple(Fault("own", label, error.message) for error in refusal.errors)
        return _page(request, actor, product, errors=wrong, status=422)
    return RedirectResponse(f"/account/notices?done={'own' if url else 'removed'}", 303)


@router.post("/trial")
def send_trial(
    request: Request,
    actor: Reader,
    product: Services,
    form: FormData = Depends(sent_form),  # noqa: B008
) -> Response:
    """Send a message over one channel that says nothing."""
    try:
        product.desk.notices.try_out(actor, "own" if form.get("channel") == "own" else "email")
    except Conflict as refusal:
        return _page(request, actor, product, refused=refusal.what, status=409)
    return RedirectResponse("/account/notices?done=trial", 303)


def _page(
    request: Request,
    actor: Actor,
    product: Product,
    *,
    done: Message | None = None,
    refused: Message | None = None,
    errors: tuple[Fault, ...] = (),
    status: int = 200,
) -> Response:
    return page(
        request,
        "notices.html",
        status=status,
        view=product.desk.notices.get(actor),
        kinds=product.desk.notices.kinds,
        channels=CHANNELS,
        done=done,
        refused=refused,
        errors=errors,
    )
