"""One piece of work on many devices, each on its own session; failures stay with their host."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import paramiko

from provisioner.drivers.network import Host
from provisioner.drivers.sessions import failures
from provisioner.drivers.sessions.access import Access, Login, UnknownKeyError
from provisioner.drivers.sessions.fanout import FanOut
from provisioner.drivers.sessions.terminal import (
    NotReadingError,
    RejectedError,
    SessionEndedError,
)
from provisioner.errors import ActionNeeded, Misconfigured, StepFailure
from provisioner.settings import DeviceSettings
from provisioner.texts import say

log = logging.getLogger(__name__)
_TRIES = 3
_ODD = (ValueError, LookupError, ArithmeticError)
"""What reading an answer that no device should give ends with."""
_NO_SESSION = (OSError, EOFError, UnicodeError, paramiko.SSHException, SessionEndedError)
"""UnicodeError: an address that is no name for DNS."""

logging.getLogger("netmiko").setLevel(logging.WARNING)  # at DEBUG it tells all that is typed
logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # what it has to say comes as an error


class Closable(Protocol):
    """A session that is opened once and always closed."""

    def open(self) -> None:
        """Raises what ``Terminal.open`` does."""
        ...

    def disconnect(self) -> None:
        """Close it, whatever state it is in."""
        ...


class Looking(Closable, Protocol):
    """A session that can be told to only read."""

    def only_read(self, seconds: float) -> None:
        """From now on refuse every line that does not only read, with ``NotReadingError``, and end
        by itself (``SessionEndedError``) after so many seconds, or when the device has sent more
        than ``FLOOD`` characters."""
        ...


@contextmanager
def reading(host: Host) -> Iterator[None]:
    """Around a look at one device: what it does wrong is its own failure, never the batch's.

    Also what nobody can make sense of, and a line that is not known to only read.
    """
    try:
        yield
    except (RejectedError, SessionEndedError) as error:
        raise failures.unanswered(host, str(error)) from error
    except (NotReadingError, *_ODD) as error:
        log.exception("sessions: what %s said makes no sense", host.name)
        raise failures.unanswered(host, "its answer could not be read") from error


_S = TypeVar("_S", bound=Closable)
_T = TypeVar("_T")


class Sessions:
    """How devices are reached, shared by all platforms so that the caps hold over all of them.

    ``hosts`` and ``identity`` (the text of the office's private key) are asked at each batch;
    ``known_hosts`` is our own file, no other is read.
    """

    def __init__(
        self,
        hosts: Callable[[], Mapping[str, Host]],
        settings: DeviceSettings,
        known_hosts: Path,
        identity: Callable[[], str],
    ) -> None:
        self.hosts, self.settings = hosts, settings
        self.access = Access(known_hosts, identity)
        self.fan_out = FanOut(settings)


class Batches(Generic[_S]):
    """Batches over sessions of one kind; ``session`` makes one, not yet open."""

    def __init__(self, sessions: Sessions, session: Callable[[Login, float, float], _S]) -> None:
        self._sessions, self._session = sessions, session

    def run(
        self,
        names: Iterable[str],
        work: Callable[[Host, _S], _T],
        limits: Mapping[str, float] | None = None,
    ) -> dict[str, _T | StepFailure]:
        """``work`` on a session with each host, many at once; what it returned, or the failure.

        ``limits``: seconds that each login may take, where less than the settings say.

        ``work`` raises StepFailure; what it lets out of the session's own failures is told as if
        nothing had been done.
        """
        wanted = list(names)
        known = self._sessions.hosts()
        hosts = {name: known[name] for name in wanted if name in known}

        def one(host: Host, logged_in: Callable[[], None]) -> _T | StepFailure:
            return self._one(host, logged_in, work, (limits or {}).get(host.name))

        done = self._sessions.fan_out.run(hosts, one)
        return {
            name: done[name] if name in done else failures.not_in_inventory(name) for name in wanted
        }

    def _one(
        self,
        host: Host,
        logged_in: Callable[[], None],
        work: Callable[[Host, _S], _T],
        limit: float | None,
    ) -> _T | StepFailure:
        try:
            session = self._opened(host, limit)
            try:
                logged_in()
                return work(host, session)
            finally:
                session.disconnect()
        except StepFailure as failure:
            return failure
        except SessionEndedError as error:
            return failures.cut_before_work(host, str(error), ())
        except RejectedError as error:
            return failures.rejected(host, error.line, error.reason, ())
        except Misconfigured as error:
            return ActionNeeded(
                error.what,
                meaning=say("Without it nobody can log in to the network devices."),
                next=say("Put the key where `identity` in section [ssh] points, then retry."),
                who="administrator",
            )

    def _opened(self, host: Host, limit: float | None = None) -> _S:
        """A session; connecting is tried again a few times, which costs the device nothing."""
        settings = self._sessions.settings
        login = self._sessions.access.login(host)
        patience = settings.connect if limit is None else min(settings.connect, limit)
        deadline = time.monotonic() + patience
        for again in range(_TRIES):
            session = self._session(login, patience, settings.command)
            try:
                session.open()
                return session
            except _TOLD as error:
                raise _told(host, error) from error
            except _NO_SESSION as error:
                pause = 0.3 * 3**again * random.uniform(0.7, 1.3)  # noqa: S311
                if again == _TRIES - 1 or time.monotonic() + pause > deadline:
                    why = str(error) or type(error).__name__
                    raise failures.unreachable(host, why) from error
                time.sleep(pause)
        raise AssertionError("unreachable")


_TOLD = (
    UnknownKeyError,
    paramiko.BadHostKeyException,
    paramiko.AuthenticationException,
    paramiko.ssh_exception.IncompatiblePeer,
    RejectedError,
)


def _told(host: Host, error: Any) -> StepFailure:
    """A login that would fail again in the same way."""
    if isinstance(error, UnknownKeyError):
        return failures.strange_key(host, error.fingerprint, known=False)
    if isinstance(error, paramiko.BadHostKeyException):
        return failures.strange_key(host, error.key.fingerprint, known=True)
    if isinstance(error, RejectedError):
        return failures.no_privilege(host)
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return failures.old_algorithms(host, str(error))
    if "timeout" in str(error).lower():  # of an overloaded login server
        return failures.unreachable(host, str(error))
    return failures.no_login(host)
