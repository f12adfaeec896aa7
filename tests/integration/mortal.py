"""Ways to the world that die with their process at a chosen moment, for tests of recovery."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from provisioner.database import Database
from provisioner.drivers.hypervisor import Hypervisor, Order, TaskHandle
from provisioner.drivers.seat import CommandResult, Door, UserSeat


class Death(BaseException):
    """The process ends here; nothing of the product catches it."""


class Life:
    """Ends right after its ``last`` lasting effect: a commit that changed rows, or an order.

    Between two lasting effects nothing is lost or won by dying, so that dying after each of them
    is dying at every moment.
    """

    def __init__(self, last: int) -> None:
        self.left = last
        self.effects: list[str] = []

    def effect(self, what: str) -> None:
        self.effects.append(what)
        self.left -= 1
        if self.left <= 0:
            raise Death


class MortalDatabase(Database):
    """A database whose commits count as lasting effects when they changed a row."""

    def __init__(self, url: str, life: Life) -> None:
        super().__init__(url)
        self._life = life

    @contextmanager
    def write(self) -> Iterator[Session]:
        changed: list[int] = []

        def count(*args: Any) -> None:
            context = args[4]
            if context.isinsert or context.isupdate or context.isdelete:
                changed.append(context.rowcount)

        with super().write() as session:
            connection = session.connection()
            event.listen(connection, "after_cursor_execute", count)
            yield session
            session.flush()
        if any(changed):
            self._life.effect("commit")


class MortalHypervisor:
    """Dies right after the cluster took an order, before anybody has heard of it."""

    def __init__(self, inner: Hypervisor, life: Life) -> None:
        self._inner, self._life = inner, life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def submit(self, order: Order) -> TaskHandle:
        task = self._inner.submit(order)
        self._life.effect(type(order).__name__)
        return task


class MortalSeat:
    """Dies right after a command was run in the guest."""

    def __init__(self, inner: UserSeat, life: Life) -> None:
        self._inner, self._life = inner, life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def login(self, door: Door, command: str = "true") -> CommandResult:
        result = self._inner.login(door, command)
        self._life.effect("login")
        return result
