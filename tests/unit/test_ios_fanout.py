"""The caps of a fan-out hold, and nobody waits for a place that is not his."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Lock, Thread

from provisioner.drivers.ios.fanout import FanOut
from provisioner.drivers.network import Host
from provisioner.settings import DeviceSettings


def host(name: str, site: str | None = None, aaa: str | None = None) -> Host:
    return Host(name, "cisco_ios", frozenset(), "127.0.0.1", 22, "x", site=site, aaa=aaa)


class Gauge:
    """Counts who is at work, and keeps the highest count of each group."""

    def __init__(self) -> None:
        self.now: Counter[str] = Counter()
        self.peak: Counter[str] = Counter()
        self.lock = Lock()

    def __call__(self, host: Host, logged_in: Callable[[], None]) -> str:
        domain = [f"aaa {host.aaa}"]
        groups = ["all", f"host {host.name}", f"site {host.site}"]
        with self.lock:
            self.now.update(groups + domain)
            self.peak |= self.now
        with self.lock:
            self.now.subtract(domain)
        logged_in()
        with self.lock:
            self.now.subtract(groups)
        return host.name


def test_all_caps_hold_over_concurrent_batches() -> None:
    fan_out = FanOut(DeviceSettings(sessions=6, sessions_per_site=3, logins_per_domain=2))
    hosts = {
        f"sw-{n}": host(f"sw-{n}", f"site-{n % 3}", "tacacs" if n % 2 else None) for n in range(60)
    }
    gauge = Gauge()
    results: list[dict[str, str]] = []
    threads = [Thread(target=lambda: results.append(fan_out.run(hosts, gauge))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [{name: name for name in hosts}] * 3
    assert FanOut(DeviceSettings(logins_per_domain=1)).run(hosts, gauge) == results[0]
    assert gauge.peak["all"] <= 6
    assert gauge.peak["aaa tacacs"] <= 2
    assert max(n for group, n in gauge.peak.items() if group.startswith("site")) <= 3
    assert max(n for group, n in gauge.peak.items() if group.startswith("host")) == 1


def test_nothing_to_do() -> None:
    assert FanOut(DeviceSettings()).run({}, lambda host, _: host.name) == {}
