"""The caps of a fan-out hold, and nobody waits for a place that is not his."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Lock, Thread

from provisioner.drivers.network import Host
from provisioner.drivers.sessions.fanout import FanOut
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
        self.enter(host)
        with self.lock:
            self.now.subtract(domain)
        logged_in()
        self.leave(host)
        return host.name

    def enter(self, host: Host) -> None:
        with self.lock:
            self.now.update([*self.groups(host), f"aaa {host.aaa}"])
            self.peak |= self.now

    def leave(self, host: Host) -> None:
        with self.lock:
            self.now.subtract(self.groups(host))

    @staticmethod
    def groups(host: Host) -> list[str]:
        return ["all", f"host {host.name}", f"site {host.site}"]


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


def test_rounds_keep_the_caps_and_leave_nobody_out() -> None:
    fan_out = FanOut(DeviceSettings(sessions=6, sessions_per_site=3, logins_per_domain=2))
    hosts = {
        f"ap-{n}": host(f"ap-{n}", f"site-{n % 3}", "radius" if n < 10 else None) for n in range(40)
    }
    rounds = fan_out.rounds(hosts)
    assert {name for each in rounds for name in each} == set(hosts)
    assert sum(map(len, rounds)) == 40
    for each in rounds:
        assert len(each) <= 6
        assert sum(h.aaa == "radius" for h in each.values()) <= 2
        assert max(Counter(h.site for h in each.values()).values()) <= 3
    assert len(rounds) <= 8  # of 40 hosts, six at once
    assert fan_out.rounds({}) == []


def test_a_held_round_counts_for_everybody() -> None:
    fan_out = FanOut(DeviceSettings(sessions=4, sessions_per_site=2, logins_per_domain=2))
    hosts = {f"ap-{n}": host(f"ap-{n}", f"site-{n % 2}") for n in range(12)}
    gauge = Gauge()

    def play() -> None:
        for each in fan_out.rounds(hosts):
            with fan_out.held(each):
                for one in each.values():
                    gauge.enter(one)
                for one in each.values():
                    gauge.leave(one)

    threads = [Thread(target=play), Thread(target=lambda: fan_out.run(hosts, gauge))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gauge.peak["all"] <= 4
    assert max(n for group, n in gauge.peak.items() if group.startswith("site")) <= 2
    assert max(n for group, n in gauge.peak.items() if group.startswith("host")) == 1
