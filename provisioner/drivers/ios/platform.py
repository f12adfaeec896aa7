"""Implements ``NetworkPlatform`` for Cisco IOS."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import paramiko

from provisioner.drivers.ios import changes, failures
from provisioner.drivers.ios.access import Access, UnknownKeyError
from provisioner.drivers.ios.fanout import FanOut
from provisioner.drivers.ios.session import RejectedError, Session, SessionEndedError
from provisioner.drivers.ios.work import Work
from provisioner.drivers.network import (
    Applied,
    Confirmed,
    Host,
    Intent,
    Order,
    Preview,
    Reading,
    Result,
    Reverted,
    Wish,
)
from provisioner.errors import ActionNeeded, Misconfigured, StepFailure
from provisioner.settings import DeviceSettings
from provisioner.texts import say

_TRIES = 3
_NO_SESSION = (OSError, EOFError, UnicodeError, paramiko.SSHException, SessionEndedError)
"""UnicodeError: an address that is no name for DNS."""
_T = TypeVar("_T")

logging.getLogger("netmiko").setLevel(logging.WARNING)  # at DEBUG it tells all that is typed
logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # what it has to say comes as an error


class IosPlatform:
    """See ``NetworkPlatform``. IOS has no token on its timer: any that is found running before
    ours is armed counts as a stranger's, and ``revert`` takes back whatever is pending.

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
        self._hosts, self._settings = hosts, settings
        self._access = Access(known_hosts, identity)
        self._fan_out = FanOut(settings)

    # ------------------------------------------------- the protocol

    def read(
        self, wanted: Mapping[str, Sequence[Intent]], keys: Mapping[str, str] | None = None
    ) -> Result[Reading]:
        """See ``NetworkPlatform``."""
        return self.batch(wanted, lambda work, name: work.read(wanted[name]))

    def preview(self, reading: Reading, wishes: Sequence[Wish]) -> Preview:
        """See ``NetworkPlatform``."""
        return changes.preview(reading, wishes)

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

    # ------------------------------------------------- sessions

    def batch(
        self, names: Iterable[str], work: Callable[[Work, str], _T]
    ) -> dict[str, _T | StepFailure]:
        """``work`` on a session with each host, many at once; what it returned, or the failure."""
        known = self._hosts()
        hosts = {name: known[name] for name in names if name in known}

        def one(host: Host, logged_in: Callable[[], None]) -> _T | StepFailure:
            return self._one(host, logged_in, work)

        done = self._fan_out.run(hosts, one)
        return {
            name: done[name] if name in done else failures.not_in_inventory(name) for name in names
        }

    def _one(
        self, host: Host, logged_in: Callable[[], None], work: Callable[[Work, str], _T]
    ) -> _T | StepFailure:
        try:
            with self._opened(host) as session:
                logged_in()
                job = Work(host, session, self._settings.command)
                try:
                    return work(job, host.name)
                except (RejectedError, SessionEndedError) as error:
                    return job.told(error)
        except StepFailure as failure:
            return failure
        except Misconfigured as error:
            return ActionNeeded(
                error.what,
                meaning=say("Without it nobody can log in to the network devices."),
                next=say("Put the key where `identity` in section [ssh] points, then retry."),
                who="administrator",
            )

    def _opened(self, host: Host) -> Session:
        """A session; connecting is tried again a few times, which costs the device nothing."""
        login = self._access.login(host)
        deadline = time.monotonic() + self._settings.connect
        for again in range(_TRIES):
            session = Session(login, self._settings.connect, self._settings.command)
            try:
                session.open()
                return session
            except UnknownKeyError as error:
                raise failures.strange_key(host, error.fingerprint, known=False) from error
            except paramiko.BadHostKeyException as error:
                raise failures.strange_key(host, error.key.fingerprint, known=True) from error
            except paramiko.AuthenticationException as error:
                if "timeout" in str(error).lower():  # of an overloaded login server
                    raise failures.unreachable(host, str(error)) from error
                raise failures.no_login(host) from error
            except RejectedError as error:
                raise failures.no_privilege(host) from error
            except paramiko.ssh_exception.IncompatiblePeer as error:
                raise failures.old_algorithms(host, str(error)) from error
            except _NO_SESSION as error:
                pause = 0.3 * 3**again * random.uniform(0.7, 1.3)  # noqa: S311
                if again == _TRIES - 1 or time.monotonic() + pause > deadline:
                    why = str(error) or type(error).__name__
                    raise failures.unreachable(host, why) from error
                time.sleep(pause)
        raise AssertionError("unreachable")
