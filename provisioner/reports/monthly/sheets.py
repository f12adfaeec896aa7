"""The tables of the monthly report, once for the screen, the PDF and the spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from provisioner.reports.monthly import words
from provisioner.reports.monthly.views import CauseView, Figures, WorkView
from provisioner.requests.states import say_state
from provisioner.texts import Message, render, say

Kind = Literal["text", "record", "count", "percent", "days", "day", "moment"]
Cell = str | int | float | date | datetime | None


@dataclass(frozen=True)
class Column:
    """One column: its heading and what its cells are (``days``: working days, a decimal)."""

    title: str
    kind: Kind = "text"

    @property
    def is_number(self) -> bool:
        return self.kind in ("count", "percent", "days")


@dataclass(frozen=True)
class Table:
    """One table. Without rows, ``empty`` says what that means."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    note: str = ""


def tables(figures: Figures, language: str) -> list[Table]:
    """All of them, in the order of the report."""
    made = _Tables(figures, language)
    return [table for table in made.all() if table is not None]


class _Tables:
    def __init__(self, figures: Figures, language: str) -> None:
        self._of, self._language = figures, language

    def all(self) -> Iterator[Table | None]:
        yield from (self._services(), self._promises(), self._waits(), self._late())
        yield from (self._departments(), self._states())
        yield from (self._work(), self._causes(), self._faults())
        yield from (self._complaints(), self._late_complaints())
        yield from (self._capacity(), self._sizes(), self._letters(), self._actions())

    def _services(self) -> Table:
        return self._table(
            "requests", say("Requests by service"),
            [(say("Service"), "text"), (say("Received"), "count"),
             (say("Done"), "count"), (say("Rejected"), "count"),
             (say("Cancelled"), "count"), (say("Still open"), "count")],
            [(self._service(s.service), s.received, s.done, s.rejected, s.cancelled, s.open)
             for s in self._of.services],
        )  # fmt: skip

    def _promises(self) -> Table:
        return self._table(
            "targets", say("Targets of time and what was reached"),
            [(say("Service"), "text"), (say("Target in working days"), "count"),
             (say("Measured"), "count"), (say("In time"), "count"),
             (say("Late"), "count"), (say("In time, percent"), "percent"),
             (say("First look, median"), "days"), (say("Until done, median"), "days"),
             (say("Nine of ten within"), "days")],
            [(self._service(s.service), s.sla_working_days, len(s.promises), s.in_time,
              len(s.promises) - s.in_time, s.percent,
              _days(s.first_look), _days(s.median),
              _days(s.ninetieth))
             for s in self._of.services],
            note=say("Each request is counted once: in the month in which it was done in time, or "
                     "in which its deadline passed. What is prepared for a day that was asked for "
                     "counts as done once it stands ready. Times in working days; medians hold "
                     "the waits for the department too."),
        )  # fmt: skip

    def _waits(self) -> Table:
        waits = list(words.WAITS)
        return self._table(
            "waits", say("Where time goes"),
            [(say("Service"), "text"),
             *((words.WAITS[wait], "days") for wait in waits)],
            [(self._service(s.service), *(s.waits[wait].days for wait in waits))
             for s in self._of.services if s.done],
            empty=say("Nothing was done in this month."),
            note=say("Mean working days for each request that was done."),
        )  # fmt: skip

    def _late(self) -> Table:
        names = {one.department: one.name for one in self._of.departments}
        return self._table(
            "late", say("Requests that missed their deadline"),
            [(say("Number"), "record"), (say("Service"), "text"),
             (say("Department"), "text"), (say("Due"), "day"), (say("Ready"), "day"),
             (say("Working days late"), "count"), (say("From an earlier month"), "text")],
            [(one.number, self._service(one.service),
              names.get(one.department, one.department), one.due_at, one.ended_at,
              one.working_days, self._say(say("yes")) if one.carried else "")
             for one in self._of.late],
            empty=say("None. Every deadline was met."),
        )  # fmt: skip

    def _departments(self) -> Table:
        return self._table(
            "departments", say("Requests by department"),
            [(say("Department"), "text"), (say("Received"), "count"),
             (say("Done"), "count"), (say("Still open"), "count"),
             (say("Late"), "count")],
            [(d.name, d.received, d.done, d.open, d.late) for d in self._of.departments],
            empty=say("No department asked for anything."),
        )  # fmt: skip

    def _states(self) -> Table:
        return self._table(
            "states", say("Requests by state"),
            [(say("State"), "text"), (say("Requests"), "count")],
            [(self._say(say_state(state)), count) for state, count in self._of.states.items()],
            empty=say("No request was open in this month."),
        )  # fmt: skip

    def _work(self) -> Table:
        work = self._of.work
        rows = {
            say("Begun"): work.started, say("Succeeded"): work.succeeded,
            say("Failed and undone"): work.failed, say("Stopped"): work.stopped,
            say("Requests that waited for a person"): work.waited,
            say("Contacts with applicants written down"): self._of.contacts,
        }  # fmt: skip
        return self._table(
            "work", say("Work carried out"),
            [(say("What"), "text"), (say("How often"), "count")],
            [(self._say(title), count) for title, count in rows.items()],
        )  # fmt: skip

    def _causes(self) -> Table:
        return self._caused(
            "failures", say("Why work failed"), self._of.work.causes, say("Requests"),
            say("No work failed."),
        )  # fmt: skip

    def _faults(self) -> Table:
        return self._caused(
            "faults", say("What checks found broken"), self._of.work.faults, say("Places"),
            say("No check found anything broken."),
        )  # fmt: skip

    def _caused(
        self, key: str, title: Message, causes: list[CauseView], where: Message, empty: Message
    ) -> Table:
        return self._table(
            key, title,
            [(say("Cause"), "text"), (say("How often"), "count"), (where, "text")],
            [(one.text_id if self._language == "id" else one.text, one.count,
              ", ".join(one.where)) for one in causes],
            empty=empty,
        )  # fmt: skip

    def _complaints(self) -> Table | None:
        seen = self._of.complaints
        if seen is None:
            return None
        rows: list[tuple[Cell, ...]] = [
            (self._say(say("Received")), seen.received),
            *self._spread(say("of these: %(what)s"), words.COMPLAINT_KINDS, seen.by_kind),
            *self._spread(say("class: %(what)s"), words.COMPLAINT_CLASSES, seen.by_class),
            *self._spread(say("by: %(what)s"), words.COMPLAINT_CHANNELS, seen.by_channel),
            (self._say(say("Answered in time")), seen.answered_in_time),
            (self._say(say("Answered late")), seen.answered_late),
            (self._say(say("Still open")), seen.open),
            (self._say(say("Still open and past the deadline")), seen.open_late),
        ]
        return self._table(
            "complaints", say("Complaints, suggestions and appreciation"),
            [(say("What"), "text"), (say("Number"), "count")], rows,
        )  # fmt: skip

    def _spread(
        self, title: Message, titles: Mapping[str, Message], counts: Mapping[str, int]
    ) -> list[tuple[Cell, ...]]:
        return [
            (
                self._say(
                    Message(title.template, {"what": words.word(titles, key, self._language)})
                ),
                count,
            )
            for key, count in counts.items()
            if count
        ]

    def _late_complaints(self) -> Table | None:
        if self._of.complaints is None:
            return None
        return self._table(
            "late-complaints", say("Complaints that missed their deadline"),
            [(say("Number"), "record"), (say("Class"), "text"), (say("Due"), "day"),
             (say("Answered"), "day"), (say("Working days late"), "count")],
            [(one.number,
              words.word(words.COMPLAINT_CLASSES, one.classification or "unclassified",
                         self._language),
              one.due_at, one.answered_at, one.working_days) for one in self._of.complaints.late],
            empty=say("None. Every deadline was met."),
        )  # fmt: skip

    def _capacity(self) -> Table:
        return self._table(
            "capacity", say("Capacity"),
            [(say("Cluster"), "text"), (say("Resource"), "text"), (say("Used"), "text"),
             (say("Promised"), "text"), (say("Limit"), "text"), (say("Free"), "text"),
             (say("Runs out"), "day"), (say("Read on"), "day")],
            [(cluster.cluster, words.resource(one.resource, self._language),
              *(words.amount(one.resource, value, self._language)
                for value in (one.used, one.promised, one.limit, one.free)),
              one.runs_out, cluster.day)
             for cluster in self._of.clusters for one in cluster.resources],
            empty=say("No cluster was read in this month."),
        )  # fmt: skip

    def _sizes(self) -> Table:
        return self._table(
            "sizes", say("About how many more servers fit"),
            [(say("Cluster"), "text"), (say("Size"), "text"),
             (say("More of them"), "count")],
            [(cluster.cluster, one.title, one.count)
             for cluster in self._of.clusters for one in cluster.sizes],
            empty=say("No cluster was read in this month."),
            note=say("By the room of the cluster as a whole; node by node it may be less."),
        )  # fmt: skip

    def _letters(self) -> Table:
        return self._table(
            "letters", say("Letters"),
            [(say("What"), "text"), (say("Letters"), "count")],
            [(words.word(words.LETTERS, key, self._language), self._of.letters[key])
             for key in words.LETTERS if key in self._of.letters],
            empty=say("No letter was written in this month."),
        )  # fmt: skip

    def _actions(self) -> Table:
        return self._table(
            "actions", say("What was agreed before, and what came of it"),
            [(say("What"), "text"), (say("Who"), "text"), (say("Until"), "day"),
             (say("State"), "text"), (say("What came of it"), "text"),
             (say("Agreed in"), "text")],
            [(one.what, one.who, one.until,
              self._say(say("Done") if one.done_on else say("Open")), one.outcome,
              words.number_of(one.month)) for one in self._of.actions],
            empty=say("Nothing was agreed before, or all of it is done."),
        )  # fmt: skip

    def _table(
        self,
        key: str,
        title: Message,
        columns: list[tuple[Message, Kind]],
        rows: list[tuple[Cell, ...]],
        *,
        empty: Message | str = "",
        note: Message | str = "",
    ) -> Table:
        return Table(
            key=key,
            title=self._say(title),
            columns=tuple(Column(self._say(heading), kind) for heading, kind in columns),
            rows=tuple(rows),
            empty=self._say(empty),
            note=self._say(note),
        )

    def _service(self, key: str) -> str:
        return words.word(words.SERVICES, key, self._language)

    def _say(self, message: Message | str) -> str:
        return render(message, self._language)


def _days(work: WorkView | None) -> float | None:
    return work.days if work else None
