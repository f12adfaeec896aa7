"""The figures of one month: what the screen, the PDF, the spreadsheet and the JSON all show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from provisioner.reports.clock import Work


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class WorkView(_View):
    """A length of working time, in working days and in hours of the office."""

    days: float
    hours: float

    @classmethod
    def of(cls, work: Work | None) -> WorkView | None:
        """The same as JSON; None stays None."""
        return cls(days=work.days, hours=work.hours) if work else None

    @property
    def work(self) -> Work:
        """The length again."""
        return Work(self.days, self.hours)


class PromiseView(_View):
    """One request whose promise fell due in the month: kept in time, or not."""

    number: str
    late: bool


class ServiceFigures(_View):
    """One service in the month."""

    service: str
    sla_working_days: int | None
    received: int
    done: int
    rejected: int
    cancelled: int
    open: int
    """At the end of the month, or now while it is in progress."""
    promises: list[PromiseView]
    """Each request once: in the month in which it was kept in time or its deadline passed."""
    median: WorkView | None
    """From receipt to done, of those done in the month, waits for the department left in."""
    ninetieth: WorkView | None
    first_look: WorkView | None
    """Median from receipt to the first decision, of those first decided in the month."""
    waits: dict[str, WorkView]
    """Mean working time of those done in the month, by who was waited for."""

    @property
    def in_time(self) -> int:
        return sum(not one.late for one in self.promises)

    @property
    def percent(self) -> int | None:
        """Kept in time, in whole percent rounded down, so that 100 means all; None of none."""
        return 100 * self.in_time // len(self.promises) if self.promises else None


class DepartmentFigures(_View):
    """One department in the month."""

    department: str
    name: str
    received: int
    done: int
    open: int
    late: int


class LateView(_View):
    """A request that missed its deadline; ``carried`` over from an earlier month, still open."""

    number: str
    service: str
    department: str
    due_at: datetime
    ended_at: datetime | None
    working_days: int
    carried: bool


class CauseView(_View):
    """Why work failed or what was found broken, and how often."""

    text: str
    """In English and Indonesian, by language."""
    text_id: str
    count: int
    where: list[str]
    """Requests, or what was looked at; the first few."""


class WorkFigures(_View):
    """Runs in the month."""

    started: int
    succeeded: int
    failed: int
    stopped: int
    waited: int
    """How many had to wait for a person."""
    causes: list[CauseView]
    faults: list[CauseView]
    """Causes that checks named, each place once."""


class LateComplaintView(_View):
    """A complaint answered late, or not yet though due."""

    number: str
    classification: str | None
    due_at: datetime
    answered_at: datetime | None
    working_days: int


class ComplaintsView(_View):
    """Complaints, suggestions and appreciation in the month."""

    received: int
    by_kind: dict[str, int]
    by_class: dict[str, int]
    by_channel: dict[str, int]
    answered_in_time: int
    answered_late: int
    open: int
    open_late: int
    median_days: float | None
    late: list[LateComplaintView]


class ResourceFigures(_View):
    """One resource of a cluster by its last reading in the month."""

    resource: str
    total: float
    limit: float
    used: float
    promised: float
    runs_out: date | None

    @property
    def free(self) -> float:
        return max(0.0, self.limit - self.used - self.promised)


class SizeFigures(_View):
    """About how many more servers of a size fit, by the room of the cluster as a whole."""

    size: str
    title: str
    count: int


class ClusterFigures(_View):
    """The room of one cluster."""

    cluster: str
    day: date
    resources: list[ResourceFigures]
    sizes: list[SizeFigures]


class AnchorView(_View):
    """The last anchor of the record by the end of the month."""

    day: str
    sha256: str


class ActionView(_View):
    """What a meeting agreed, and what came of it."""

    id: int
    month: str
    what: str
    who: str
    until: date | None
    outcome: str
    done_on: date | None


class Figures(_View):
    """One month. ``until`` is its end, or the moment of reading while it is in progress."""

    month: str
    until: datetime
    in_progress: bool
    services: list[ServiceFigures]
    departments: list[DepartmentFigures]
    states: dict[str, int]
    """Requests that were open or closed in the month, by their state at its end."""
    late: list[LateView]
    work: WorkFigures
    contacts: int
    letters: dict[str, int]
    complaints: ComplaintsView | None
    clusters: list[ClusterFigures]
    anchor: AnchorView | None
    actions: list[ActionView] = Field(default_factory=list)
    """Agreed in earlier meetings, and open or entered as done since the report before."""

    @property
    def promised(self) -> int:
        """Requests whose promise fell due in the month."""
        return sum(len(one.promises) for one in self.services)

    @property
    def in_time(self) -> int:
        return sum(one.in_time for one in self.services)

    @property
    def percent(self) -> int | None:
        return 100 * self.in_time // self.promised if self.promised else None

    @property
    def received(self) -> int:
        return sum(one.received for one in self.services)

    @property
    def done(self) -> int:
        return sum(one.done for one in self.services)

    @property
    def open(self) -> int:
        return sum(one.open for one in self.services)

    @property
    def empty(self) -> bool:
        """Nothing at all was asked, done or left open."""
        return not (self.received or self.done or self.open or self.promised)


class LateComplaint(Protocol):
    """What the complaints tell of one that is late."""

    @property
    def number(self) -> str: ...
    @property
    def classification(self) -> str | None: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def answered_at(self) -> datetime | None: ...
    @property
    def days_late(self) -> int: ...


class ComplaintCounts(Protocol):
    """What the complaints tell of a span of days."""

    @property
    def received(self) -> int: ...
    @property
    def by_kind(self) -> Mapping[str, int]: ...
    @property
    def by_class(self) -> Mapping[str, int]: ...
    @property
    def by_channel(self) -> Mapping[str, int]: ...
    @property
    def answered_in_time(self) -> int: ...
    @property
    def answered_late(self) -> int: ...
    @property
    def open(self) -> int: ...
    @property
    def open_late(self) -> int: ...
    @property
    def median_days(self) -> float | None: ...
    @property
    def late(self) -> Sequence[LateComplaint]: ...


class Complaints(Protocol):
    """Who counts complaints, of days of the office's calendar, both included."""

    def figures(self, session: Session, first: date, last: date) -> ComplaintCounts: ...
