"""A run while it goes on, and afterwards: its steps, what went wrong, and what may be done."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.completion import Completed, Completion
from api.manual import tasks
from api.pages.form import Form, faults
from api.pages.frame import Reader, go, page
from api.pages.run_log import COLUMNS, log_of, plain
from api.pages.run_steps import bars, taken_back
from api.pages.wifi import devices_of_run, diff_by_device
from api.security import Services
from api.statuses import status_of
from api.words import run_tag
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.errors import Conflict, Invalid
from provisioner.people.rules import Actor, sees_all
from provisioner.runs.rules import ENDED, STEP_DONE
from provisioner.runs.views import RunView
from provisioner.texts import Message

router = APIRouter(prefix="/runs")


@router.get("/{id}")
def show(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """The run's page; complete by itself, kept fresh by the stream."""
    return _show(request, actor, product, id)


@router.post("/{id}/retry")
def retry(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """Try again a run that waits for a person."""
    return _do(request, actor, product, id, lambda: product.runs.retry(actor, id))


@router.post("/{id}/stop")
def stop(request: Request, actor: Reader, product: Services, id: str) -> Response:
    """Stop after the step in hand, then undo."""
    return _do(request, actor, product, id, lambda: product.runs.stop(actor, id))


@router.post("/{id}/steps/{key}/complete")
def complete(
    request: Request, actor: Reader, product: Services, id: str, key: str, done: Completed
) -> Response:
    """Report a manual step as done; nothing that was ticked or typed is lost on an error."""
    try:
        product.manual.complete(
            actor, id, key,
            checklist=done.checklist, answers=done.answers, note=done.note, photos=done.photos,
        )  # fmt: skip
    except Invalid as error:
        run = product.runs.get(actor, id)
        fields = tasks(product, actor, run)[key].fields
        form = Form(_values(done), faults(error.errors, fields))
        return _show(request, actor, product, id, status=422, form=form)
    except Conflict as error:
        return _show(request, actor, product, id, status=status_of(error), problem=error.what)
    return go(request, f"/runs/{id}")


@router.get("/{id}/photos/{sha256}")
def photo(actor: Reader, product: Services, id: str, sha256: str) -> Response:
    """The cleaned copy of a photo."""
    data, media_type = product.manual.photo(actor, id, sha256)
    return Response(data, media_type=media_type)


@router.get("/{id}/steps/{key}/complete")
def no_form(_actor: Reader, id: str, key: str) -> Response:
    """The form stands on the run's page."""
    return RedirectResponse(f"/runs/{id}", 303)


@router.get("/{id}/retry")
@router.get("/{id}/stop")
def no_page(_actor: Reader, id: str) -> Response:
    """An action's address has no page of its own."""
    return RedirectResponse(f"/runs/{id}", 303)


def _do(
    request: Request, actor: Actor, product: Product, id: str, act: Callable[[], object]
) -> Response:
    try:
        act()
    except Conflict as error:
        return _show(request, actor, product, id, status=status_of(error), problem=error.what)
    return go(request, f"/runs/{id}")


def _show(
    request: Request,
    actor: Actor,
    product: Product,
    id: str,
    *,
    status: int = 200,
    problem: Message | None = None,
    form: Form | None = None,
) -> Response:
    run = product.runs.get(actor, id)
    events = product.requests.events(actor, run.request, 0, actor.language)
    waiting_kind = next((s.error.kind for s in run.steps if s.error and s.state != "undone"), None)
    with product.database.read() as session:
        devices = {s.key: devices_of_run(session, run.id, s.key, events) for s in run.steps}
    return page(
        request,
        "run.html",
        status=status,
        run=run,
        view=product.requests.get(actor, run.request),
        tag_of_run=run_tag(run.state, waiting_kind),
        ended=run.state in ENDED,
        finished=sum(step.state in STEP_DONE for step in run.steps),
        elapsed=_elapsed(run),
        last_event=events[-1].id if events else 0,
        approved=next((e for e in reversed(events) if e.tag == "request:approved"), None),
        plain=plain,
        office_reader=sees_all(actor),
        log=log_of(request, product, actor, run),
        log_columns=COLUMNS,
        bars=bars(run),
        taken_back=taken_back(product, actor, run) if "stop" in run.actions else [],
        unknown=waiting_kind == "outcome_unknown",
        printed_at=now(),
        problem=problem,
        devices=devices,
        diff_by_device=diff_by_device,
        tasks=tasks(product, actor, run),
        form=form or Form(),
        photos_lost=form is not None,
    )


def _values(done: Completion) -> Mapping[str, str]:
    """What was ticked and typed, by the names of the fields."""
    ticked = {f"checklist/{key}": "true" for key, yes in done.checklist.items() if yes}
    return {
        **ticked,
        **{f"answers/{key}": text for key, text in done.answers.items()},
        "note": done.note,
    }


def _elapsed(run: RunView) -> float | None:
    if run.started_at is None:
        return None
    return ((run.ended_at or now()) - run.started_at).total_seconds()
