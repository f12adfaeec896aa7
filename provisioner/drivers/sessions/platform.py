"""A ``NetworkPlatform`` whose every call is one session per device, with work of its own on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Examination,
    Host,
    Inquiry,
    Intent,
    Order,
    Preview,
    Reading,
    Remedied,
    Remedy,
    Result,
    Reverted,
    Survey,
    Wish,
)
from provisioner.drivers.sessions.batches import Batches, Looking, Sessions, reading
from provisioner.drivers.sessions.terminal import RejectedError, SessionEndedError
from provisioner.errors import StepFailure
from provisioner.settings import DeviceSettings


class SessionWork(Protocol):
    """What is done on one device in one session; see ``NetworkPlatform`` for each."""

    def told(self, error: RejectedError | SessionEndedError) -> StepFailure:
        """The failure that ``error`` is, given what has been done so far."""
        ...

    def read(self, wanted: Sequence[Intent], keys: Mapping[str, str] | None) -> Reading:
        """``keys`` None: passphrases are taken to be right."""
        ...

    def apply(self, order: Order) -> Applied: ...
    def confirm(self, order: Order) -> Confirmed: ...
    def revert(self, order: Order) -> Reverted: ...
    def survey(self) -> Survey: ...
    def examine(self, inquiry: Inquiry) -> Examination:
        """The session has been told to only read; ``SessionEndedError`` of it is not let out once
        something is known: what was read comes with ``cut``."""
        ...

    def remedy(self, remedy: Remedy) -> Remedied: ...


_S = TypeVar("_S", bound=Looking)
_W = TypeVar("_W", bound=SessionWork)
_T = TypeVar("_T")


class SessionPlatform(Generic[_S, _W]):
    """A platform's class names its session, its work and its preview; all else is here."""

    session: ClassVar[type[Any]]
    """Its session, made of a login and the seconds to connect and for a command; not yet open."""

    def __init__(self, sessions: Sessions) -> None:
        self._batches: Batches[_S] = Batches(sessions, self.session)
        self._settings = sessions.settings

    def work(self, host: Host, session: _S, settings: DeviceSettings) -> _W:
        """The work on one device."""
        raise NotImplementedError

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """See ``NetworkPlatform``."""
        raise NotImplementedError

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]:
        """See ``NetworkPlatform``."""
        return self.batch(wanted, lambda work, name: work.read(wanted[name], keys))

    def apply(self, orders: Mapping[str, Order]) -> Result[Applied]:
        """See ``NetworkPlatform``."""
        busy = {name: order for name, order in orders.items() if order.preview.lines}
        done = self.batch(busy, lambda work, name: work.apply(busy[name]))
        return {name: done[name] if name in busy else Applied(False) for name in orders}

    def confirm(self, orders: Mapping[str, Order]) -> Result[Confirmed]:
        """See ``NetworkPlatform``; without a timer (``minutes`` 0) it is kept where it stands."""
        return self.batch(orders, lambda work, name: work.confirm(orders[name]))

    def revert(self, orders: Mapping[str, Order]) -> Result[Reverted]:
        """See ``NetworkPlatform``."""
        return self.batch(orders, lambda work, name: work.revert(orders[name]))

    def survey(self, names: Collection[str]) -> Result[Survey]:
        """See ``NetworkPlatform``."""
        return self.batch(names, lambda work, name: work.survey())

    def examine(self, inquiries: Mapping[str, Inquiry]) -> Result[Examination]:
        """See ``NetworkPlatform``."""

        def one(host: Host, session: _S) -> Examination:
            session.only_read(inquiries[host.name].limit)
            job = self.work(host, session, self._settings)
            with reading(host):
                return job.examine(inquiries[host.name])

        limits = {name: inquiry.limit for name, inquiry in inquiries.items()}
        return self._batches.run(inquiries, one, limits)

    def remedy(self, remedies: Mapping[str, Remedy]) -> Result[Remedied]:
        """See ``NetworkPlatform``."""
        return self.batch(remedies, lambda work, name: work.remedy(remedies[name]))

    def batch(
        self, names: Iterable[str], work: Callable[[_W, str], _T]
    ) -> dict[str, _T | StepFailure]:
        """``work`` on a session with each host, many at once; what it returned, or the failure."""

        def one(host: Host, session: _S) -> _T:
            job = self.work(host, session, self._settings)
            try:
                return work(job, host.name)
            except (RejectedError, SessionEndedError) as error:
                raise job.told(error) from error

        return self._batches.run(names, one)
