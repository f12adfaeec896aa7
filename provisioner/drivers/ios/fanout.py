"""Work on many devices at once, within caps: altogether, per site, per login domain, per device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
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
        with ThreadPoolExecutor(threads, thread_name_prefix="ios") as pool:
            done = [pool.submit(worker) for _ in range(threads)]
        for future in done:
            future.result()
        return results

    def _next(self, waiting: list[Host]) -> Host | None:
        """The first host whose caps leave room, taken; waits for one; None when all are done."""
        with self._free:
            while waiting:
                for index, host in enumerate(waiting):
                    if self._fits(host):
                        del waiting[index]
                        self._taken.update(_caps(host))
                        return host
                self._free.wait()
            return None

    def _fits(self, host: Host) -> bool:
        limits = {
            "all": self._settings.sessions,
            "host": 1,
            "site": self._settings.sessions_per_site,
            _DOMAIN: self._settings.logins_per_domain,
        }
        return all(self._taken[cap] < limits[cap[0]] for cap in _caps(host))

    def _give_back(self, held: list[tuple[str, str]], kind: str | None = None) -> None:
        with self._free:
            given = [cap for cap in held if kind in (None, cap[0])]
            held[:] = [cap for cap in held if cap not in given]
            self._taken.subtract(given)
            self._free.notify_all()


def _caps(host: Host) -> list[tuple[str, str]]:
    caps = [("all", ""), ("host", host.name)]
    if host.site is not None:
        caps.append(("site", host.site))
    if host.aaa is not None:
        caps.append((_DOMAIN, host.aaa))
    return caps
