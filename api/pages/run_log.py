"""The log of a run: its events by sequence number, as rows of a page and as a text to keep."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from api.pages.frame import Reader
from api.security import Services
from provisioner import dates, events
from provisioner.bootstrap import Product
from provisioner.database import now
from provisioner.errors import Forbidden
from provisioner.people.rules import Actor, sees_all
from provisioner.requests.present import event_view
from provisioner.requests.views import EventView
from provisioner.runs.views import RunView
from provisioner.texts import say, translate

router = APIRouter(prefix="/runs")

SHOWN = 200
"""Lines of a page; more are asked for."""
_MOST = 20_000
COLUMNS = {"time": say("Time"), "target": say("Target"), "step": say("Step")}
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|[\x00-\x08\x0b-\x1f\x7f]"
)
_TONES = {
    "step:failed": "bad", "run:failed": "bad", "run:waiting-person": "alarm",
    "step:changed": "good", "step:unchanged": "good", "run:succeeded": "good",
    "run:undoing": "wait", "step:undone": "wait", "run:waiting-retry": "wait",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One event; ``seq`` is its number on the record, which never changes."""

    seq: int
    at: datetime
    target: str
    step: str
    text: str
    raw: tuple[str, ...]
    """The device's or cluster's own lines."""
    tone: str


@dataclass(frozen=True)
class Log:
    """The newest lines, oldest first; ``more`` says how many to ask for to see earlier ones."""

    lines: tuple[Line, ...]
    more: int | None
    columns: frozenset[str]
    wrap: bool
    q: str
    line: int | None
    """The line that a link leads to."""

    @property
    def asked(self) -> dict[str, str | list[str]]:
        """What the page's own refreshing asks for again."""
        asked: dict[str, str | list[str]] = {"set": "1", "column": sorted(self.columns)}
        asked |= {"wrap": "1"} if self.wrap else {}
        asked |= {"q": self.q} if self.q else {}
        asked |= {"line": str(self.line)} if self.line else {}
        return asked | ({"lines": str(len(self.lines))} if len(self.lines) > SHOWN else {})


def plain(text: str) -> str:
    """The text without what steers a terminal."""
    return _TERMINAL.sub("", text)


def log_of(request: Request, product: Product, actor: Actor, run: RunView) -> Log | None:
    """The part of the log that the address asks for; None for those who do not run things."""
    if not sees_all(actor):
        return None
    asked = request.query_params
    set_here = "set" in asked
    q = asked.get("q", "").strip()[:100]
    line = _number(asked.get("line"), _MOST * 100)
    lines = _number(asked.get("lines"), _MOST) or SHOWN
    found = _events(product, actor, run, _MOST if q else lines + 1, None if q else line)
    rows = _rows(found, run)
    if q:
        words = q.casefold()
        rows = [row for row in rows if words in _searched(row)]
    earlier = not q and line is None and len(rows) > lines
    return Log(
        lines=tuple(rows[-lines:] if earlier else rows),
        more=lines + SHOWN if earlier or (line is not None and not q) else None,
        columns=frozenset(asked.getlist("column")) if set_here else frozenset(COLUMNS),
        wrap=not set_here or "wrap" in asked,
        q=q,
        line=line,
    )


@router.get("/{id}/log.txt")
def log_text(actor: Reader, product: Services, id: str) -> Response:
    """The whole log as a text, to be kept or sent."""
    if not sees_all(actor):
        raise Forbidden(say("Logs are read by the office only."))
    run = product.runs.get(actor, id)
    zone = product.inventory.office.zone
    head = [
        f"{run.request} {run.id}",
        translate("Printed on %(moment)s", actor.language)
        % {"moment": dates.moment(now(), actor.language, zone)},
        "",
    ]
    lines = _rows(_events(product, actor, run, _MOST, None), run)
    body = [text for line in lines for text in _written(line, zone)]
    name = f"{run.request}-{run.id}.txt"
    return PlainTextResponse(
        "\n".join([*head, *body, ""]),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _number(text: str | None, most: int) -> int | None:
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return max(1, min(int(text[:9]), most))


def _events(
    product: Product, actor: Actor, run: RunView, limit: int, down_to: int | None
) -> Sequence[EventView]:
    with product.database.read() as session:
        found = events.newest(session, run.request, run.id, limit, down_to)
    return [event_view(one, actor.language) for one in found]


def _rows(found: Sequence[EventView], run: RunView) -> list[Line]:
    steps = {step.key: step for step in run.steps}
    return [_row(event, steps) for event in found]


def _row(event: EventView, steps: Mapping[str, object]) -> Line:
    data = event.data or {}
    step = steps.get(str(data.get("step")))
    error = data.get("error")
    raw = error.get("log", ()) if isinstance(error, Mapping) else ()
    hosts = data.get("hosts")
    target = ", ".join(map(str, hosts)) if isinstance(hosts, list) else getattr(step, "target", "")
    return Line(
        seq=event.id,
        at=event.at,
        target=target,
        step=getattr(step, "key", ""),
        text=plain(event.text),
        raw=tuple(plain(str(line)) for line in raw),
        tone=_TONES.get(event.tag, ""),
    )


def _searched(line: Line) -> str:
    return " ".join((line.text, line.target, line.step, *line.raw)).casefold()


def _written(line: Line, zone: tzinfo) -> list[str]:
    at = f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S%z}"
    first = f"{line.seq:>5}  {at}  {line.target or '-':<24}  {line.step or '-':<16}  {line.text}"
    return [first, *(f"{'':>7}| {text}" for text in line.raw)]
