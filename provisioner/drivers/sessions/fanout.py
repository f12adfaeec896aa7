"""Work on many devices at once, within caps: altogether, per site, per login domain, per device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Condition
from typing import TypeVar

from provisioner.drivers.network import Host
from provisioner.settings import DeviceSettings

_DOMAIN = "domain"
_T = TypeVar("_T")


class FanOut:
    """Runs one function per host in threads; the caps hold over all batches of this object."""

    def __init__(self, settings: DeviceSettings) -> None:
        self._settings = settings
        self._limits = {
            "all": settings.sessions,
            "host": 1,
            "site": settings.sessions_per_site,
            _DOMAIN: settings.logins_per_domain,
        }
        self._free = Condition()
        self._taken: Counter[tuple[str, str]] = Counter()

    def run(
        self, hosts: Mapping[str, Host], work: Callable[[Host, Callable[[], None]], _T]
    ) -> dict[str, _T]:
        """What ``work`` returned for each host; no order is kept, no host waits for a full site
        that is not its own.

        ``work`` is given the host and what to call once it has logged in: from then on it takes
        no place in its login domain any more.
        """
        waiting = list(hosts.values())
        results: dict[str, _T] = {}

        def worker() -> None:
            while host := self._next(waiting):
                held = _caps(host)
                try:
                    results[host.name] = work(host, partial(self._give_back, held, _DOMAIN))
                finally:
                    self._give_back(held)

        threads = min(len(waiting), self._settings.sessions)
        if threads == 0:
            return results
        with ThreadPoolExecutor(threads, thread_name_prefix="device") as pool:
            done = [pool.submit(worker) for _ in range(threads)]
        for future in done:
            future.result()
        return results

    def rounds(self, hosts: Mapping[str, Host]) -> list[dict[str, Host]]:
        """All of them in rounds that keep the caps, each as large as can be, in their order.

        For work that is given many hosts at once, such as a playbook; see ``held``.
        """
        rounds: list[tuple[dict[str, Host], Counter[tuple[str, str]]]] = []
        for host in hosts.values():
            fitting = (each for each in rounds if self._fits(host, each[1]))
            members, taken = next(fitting, None) or ({}, Counter())
            if not members:
                rounds.append((members, taken))
            members[host.name] = host
            taken.update(_caps(host))
        return [members for members, _ in rounds]

    @contextmanager
    def held(self, round_: Mapping[str, Host]) -> Iterator[None]:
        """The places of one of the ``rounds``: waited for until all are free at once, then held."""
        caps = [cap for host in round_.values() for cap in _caps(host)]
        wanted = Counter(caps)

        def free() -> bool:
            limits = self._limits
            return all(self._taken[cap] + n <= limits[cap[0]] for cap, n in wanted.items())

        with self._free:
            self._free.wait_for(free)
            self._taken.update(caps)
        try:
            yield
        finally:
            self._give_back(caps)

    def _next(self, waiting: list[Host]) -> Host | None:
        """The first host whose caps leave room, taken; waits for one; None when all are done."""
        with self._free:
            while waiting:
                for index, host in enumerate(waiting):
                    if self._fits(host, self._taken):
                        del waiting[index]
                        self._taken.update(_caps(host))
                        return host
                self._free.wait()
            return None

    def _fits(self, host: Host, taken: Counter[tuple[str, str]]) -> bool:
        return all(taken[cap] < self._limits[cap[0]] for cap in _caps(host))

    def _give_back(self, held: list[tuple[str, str]], kind: str | None = None) -> None:
        with self._free:
            given = [cap for cap in held if kind in (None, cap[0])]
            held[:] = [cap for cap in held if kind not in (None, cap[0])]
            self._taken.subtract(given)
            self._free.notify_all()


def _caps(host: Host) -> list[tuple[str, str]]:
    caps = [("all", ""), ("host", host.name)]
    if host.site is not None:
        caps.append(("site", host.site))
    if host.aaa is not None:
        caps.append((_DOMAIN, host.aaa))
    return caps
