"""Runs over JSON: look, try again, stop, report what was done by hand."""

from __future__ import annotations

from fastapi import APIRouter, Response

from api.completion import Completed
from api.manual import TaskView, task_views
from api.replay import Replaying
from api.security import Person, Services
from provisioner.runs.views import RunView

router = APIRouter(prefix="/runs", tags=["runs"], route_class=Replaying)
_TICKS = {"type": "object", "additionalProperties": {"type": "boolean"}}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_SAID = {"checklist": _TICKS, "answers": _TEXTS, "note": {"type": "string"}}
_PHOTOS = {"type": "array", "items": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "content": {
            "application/json": {"schema": {"type": "object", "properties": _SAID}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {**_SAID, "photos": _PHOTOS}}
            },
        }
    }
}
"""The body of ``complete`` for the OpenAPI document."""


@router.get("/{id}")
def show(product: Services, actor: Person, id: str) -> RunView:
    """A run with its steps."""
    return product.runs.get(actor, id)


@router.post("/{id}/retry")
def retry(product: Services, actor: Person, id: str) -> RunView:
    """Try again a run that waits for a person."""
    return product.runs.retry(actor, id)


@router.post("/{id}/stop")
def stop(product: Services, actor: Person, id: str) -> RunView:
    """Stop after the step in hand, then undo."""
    return product.runs.stop(actor, id)


@router.post("/{id}/steps/{key}/complete", openapi_extra=_BODY)
def complete(product: Services, actor: Person, id: str, key: str, done: Completed) -> RunView:
    """Report a manual step as done, with every point ticked; the run goes on."""
    return product.manual.complete(
        actor,
        id,
        key,
        checklist=done.checklist,
        answers=done.answers,
        note=done.note,
        photos=done.photos,
    )


@router.get("/{id}/tasks")
def tasks(product: Services, actor: Person, id: str) -> list[TaskView]:
    """What people do by hand in this run: checklist, questions, and what was reported."""
    return task_views(product, actor, product.runs.get(actor, id))


@router.get("/{id}/photos/{sha256}")
def photo(product: Services, actor: Person, id: str, sha256: str) -> Response:
    """The cleaned copy of a photo that was taken at a manual step."""
    data, media_type = product.manual.photo(actor, id, sha256)
    return Response(data, media_type=media_type)
