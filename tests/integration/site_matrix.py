"""A site connected, changed and disconnected by the real service, with a mishap at every point.

`python -m tests.integration.site_matrix` tries every point on the site without OpenWrt; `--site
smp-1` on the one with it (seconds a call), `--every 7` every seventh, `--first N` begins there,
`--host ap-smp-1`: only what strikes that device; `--kills`: the process dies after every writing of
the journal instead.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import cast

from provisioner.drivers.fleet import Fleet
from provisioner.drivers.network import Reading
from provisioner.lab.devices.ios import IosDevice
from provisioner.runs.runner import Runner
from provisioner.runs.views import RunView
from tests.integration.device_matrix import Watched
from tests.integration.harness import _nap, lab_cluster
from tests.integration.mortal import Death, Life, MortalDatabase
from tests.integration.site_points import (
    LINES,
    ROUTER,
    SITES,
    TIMER,
    Point,
    Strike,
    points,
)
from tests.integration.site_stage import SiteOffice

_TRIES = 6


@dataclass
class Trials:
    """One office, whose site is connected or is not; every trial begins where the last one left."""

    office: SiteOffice
    site: str
    base: Mapping[str, str]
    """What the devices hold where no site is connected."""
    standing: str | None = None
    """The request that connected the site."""
    said: list[str] = field(default_factory=list)
    """Every passphrase given so far, the last one last."""
    mbps: int = 30

    def ready(self, action: str) -> None:
        """The site is connected, or is not, as the action needs it."""
        if action.startswith("connect") and self.standing:
            self.fulfil("end")
        elif not action.startswith("connect") and not self.standing:
            self.fulfil("connect")

    def fulfil(self, action: str) -> None:
        """Without any mishap."""
        number = self.ask(action)
        run = self.office.carry_out(self.office.approve(number))
        assert run.state == "succeeded", self.office.told(number)
        self.follow(action, number)

    def ask(self, action: str) -> str:
        """A new request for that action, submitted."""
        kind = action.removesuffix("-stopped")
        if kind == "end":
            assert self.standing
            return self.office.act(self.standing, "end", reason="Pindah gedung")
        self.said.append(f"sandi-wifi-ke-{len(self.said):04}")
        self.mbps = 80 - self.mbps
        said = {"rate_limit_mbps": self.mbps, "passphrase": self.said[-1]}
        if kind == "change":
            assert self.standing
            return self.office.act(self.standing, "change", **said)
        return self.office.connect(
            site=self.site, ssid="Tamu SKPD's", security="wpa2-personal", isolate_clients=True,
            **said,
        )  # fmt: skip

    def follow(self, action: str, number: str) -> None:
        """What stands once that request is fulfilled."""
        if action == "connect":
            self.standing = number
        elif action == "end":
            self.standing = None

    # ------------------------------------------------------------- trying

    def attempt(self, point: Point) -> tuple[list[str] | None, str]:
        """What does not hold (None: the point was not reached), and how it ended."""
        self.ready(point.action)
        strike = Strike(self.office, point, armed=not point.action.endswith("-stopped"))
        before = self.held()
        number = self.ask(point.action)
        run_id = self.office.approve(number)
        if point.stage == "plan":
            strike.strike()
        runner = self.runner(strike)
        run = self.through(run_id, runner, strike)
        reached = strike.reached
        self.office.devices.clear()
        wrong = self.judged(point.action, number, run, before)
        if run.state != "succeeded" and not run.stop_asked and not wrong:
            wrong = self.again(point.action, number)
        return (wrong if reached or wrong else None), f"{run.state} {_why(run)}"

    def runner(self, strike: Strike) -> Runner:
        office, tools = self.office, self.office.tools()
        watched = cast(Fleet, Watched(tools.fleet, strike))
        return Runner(
            office.product.database, replace(tools, fleet=watched), _nap, finished=lambda: None
        )

    def through(self, run_id: str, runner: Runner, strike: Strike) -> RunView:
        """Until it ends; a person mends what is wrong and tries again when asked."""
        office = self.office
        if not strike.armed:
            strike.stop = lambda: office.product.runs.stop(office.budi, run_id)
        for _ in range(_TRIES):
            run = office.carry_out(run_id, runner)
            if run.state != "waiting_person":
                return run
            if strike.struck:
                office.devices.clear()
            office.product.runs.retry(office.budi, run_id)
        raise AssertionError(f"a person is asked again and again: {office.told(run.request)}")

    def again(self, action: str, number: str) -> list[str]:
        """What failed as a whole is planned anew, and then it succeeds."""
        before = self.held()
        run = self.office.carry_out(self.office.approve(number))
        if run.state != "succeeded":
            return [f"tried again: {run.state} {_why(run)}"]
        return self.judged(action, number, run, before)

    # ------------------------------------------------------------- judging

    def judged(
        self, action: str, number: str, run: RunView, before: Mapping[str, str]
    ) -> list[str]:
        """All of it on every device, or nothing on any; and nothing is left over."""
        readings = self.looked()
        now = self.held()
        if run.state == "succeeded":
            self.follow(action, number)
            wrong = self.whole(action, number, now)
        else:
            wrong = [f"{name} differs: {_first(before[name], now[name])}"
                     for name in now if now[name] != before[name]]  # fmt: skip
        wrong += [f"{n}: a timer runs ({r.pending})" for n, r in readings.items() if r.pending]
        wrong += [f"{n} is not saved" for n in SITES[self.site] if self.unsaved(n)]
        wrong += [f"leased: {lease.resource}" for lease in self.office.leases()]
        return wrong + self.told_secrets(number)

    def whole(self, action: str, number: str, now: Mapping[str, str]) -> list[str]:
        """What a request that was fulfilled has not brought about."""
        office = self.office
        if action == "end":
            wrong = [f"{name} differs: {_first(self.base[name], now[name])}"
                     for name in now if now[name] != self.base[name]]  # fmt: skip
            live = [c for c, state in office.claims(number).items() if state != "quarantine"]
            return wrong + [f"claimed still: {claim}" for claim in live]
        assert self.standing
        ours = set(office.ours(self.standing))
        wrong = [f"on {sorted(ours)}"] if ours != set(SITES[self.site]) else []
        wrong += [] if f"{self.mbps}M/{self.mbps}M" in now[ROUTER] else ["another rate limit"]
        keys = [k for k in self.said if k in now[SITES[self.site][-1]]]
        wrong += [] if keys == self.said[-1:] else [f"passphrases on the air: {keys}"]
        held = office.claims(self.standing)
        kinds = sorted(claim.split()[0] for claim, state in held.items() if state == "reserved")
        wrong += [] if kinds == ["scope", "switch_port", "vlan"] else [f"claims: {held}"]
        proof = office.product.reports.get(office.budi, number).proof
        return wrong + [f"not proven: {one.check}" for one in proof if not one.passed]

    def looked(self) -> dict[str, Reading]:
        """Each device as the product reads it, once all answer."""
        fleet = self.office.product.tools.fleet
        deadline = time.monotonic() + 30
        while True:
            found = fleet.read({name: [] for name in SITES[self.site]})
            read = {n: each for n, each in found.items() if isinstance(each, Reading)}
            if len(read) == len(found):
                return read
            assert time.monotonic() < deadline, found
            time.sleep(0.1)

    def held(self) -> dict[str, str]:
        return held(self.office)

    def unsaved(self, name: str) -> bool:
        device = self.office.devices.device(name)
        return isinstance(device, IosDevice) and self.office.devices.call(
            lambda: device.startup.lines() != device.running.lines()
        )

    def told_secrets(self, number: str) -> list[str]:
        """Where a passphrase can be read that ought to be known to its users only."""
        path = Path(self.office.settings.absolute_database_url.removeprefix("sqlite:///"))
        written = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
        return [f"{key} is in the database" for key in self.said[-2:] if key.encode() in written]

    def kept_secrets(self) -> list[str]:
        """Passphrases in the history of configurations."""
        folder = self.office.settings.path(self.office.settings.data_dir) / "configurations"
        text = subprocess.run(
            ["git", "-C", str(folder), "log", "--all", "-p"],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        return [f"{key} is in the history" for key in self.said if key in text]


def held(office: SiteOffice) -> dict[str, str]:
    """What every device holds. A port of IOS that had no mode keeps ``access`` afterwards: whose
    that was cannot be seen, and it is the safer one."""
    texts = office.devices.configurations().items()
    return {name: text.replace(" switchport mode access\n", "") for name, text in texts}


def _why(run: RunView) -> str:
    errors = [step.error for step in run.steps if step.error]
    return errors[-1].what if errors else ""


def _first(before: str, now: str) -> str:
    """What there is more or less of, in short."""
    gone, come = set(before.splitlines()), set(now.splitlines())
    return f"-{sorted(gone - come)[:3]} +{sorted(come - gone)[:3]}"


def try_points(chosen: Iterable[Point], tell: Callable[[str], None]) -> list[str]:
    """Each of them; what does not hold. After a failure another office goes on."""
    broken: list[str] = []
    waiting, count = list(chosen), 0
    ends: dict[Point, int] = {}
    while waiting:
        with trials(waiting[0].site) as stage:
            while waiting:
                point = waiting.pop(0)
                where = replace(point, line=0)
                if point.line >= ends.get(where, LINES):
                    continue
                began = time.monotonic()
                try:
                    wrong, end = stage.attempt(point)
                except AssertionError as error:
                    wrong, end = [f"stuck: {error}"], ""
                if wrong is None:
                    if point.line:
                        ends[where] = point.line
                    continue
                count += 1
                broken += [f"{point}: {each}" for each in wrong]
                tell(f"{count:5} {time.monotonic() - began:5.1f} s  {point}: {end}"
                     f"{''.join(f'  WRONG {each}' for each in wrong)}")  # fmt: skip
                if wrong:
                    break
            broken += stage.kept_secrets()
    tell(f"{count} points")
    return broken


def try_deaths(
    site: str, actions: Sequence[str], every: int, tell: Callable[[str], None]
) -> list[str]:
    """The process dies after each writing (each ``every``th) of a run; another goes on."""
    broken: list[str] = []
    with trials(site) as stage:
        for action in actions:
            at, died = 1, True
            while died:
                stage.ready(action)
                before = stage.held()
                number = stage.ask(action)
                run_id = stage.office.approve(number)
                died = not _live(stage.office, run_id, Life(at))
                run = stage.office.carry_out(run_id)
                wrong = stage.judged(action, number, run, before)
                wrong += [] if run.state == "succeeded" else [f"{run.state}: {_why(run)}"]
                broken += [f"{action}, writing {at}: {each}" for each in wrong]
                tell(f"{site} {action} killed at writing {at}: {run.state} {wrong or ''}")
                at += every
        broken += stage.kept_secrets()
    return broken


def _live(office: SiteOffice, run_id: str, life: Life) -> bool:
    """One process's life with a run; False when it died."""
    database = MortalDatabase(office.settings.absolute_database_url, life)
    try:
        office.carry_out(run_id, office.runner(database=database))
    except Death:
        return False
    finally:
        database.close()
    return True


@contextmanager
def trials(site: str) -> Iterator[Trials]:
    """A new office with its campus."""
    slow = site == "smp-1"
    waits = "connect = 5\ncommand = 20" if slow else "connect = 2\ncommand = 3"
    changes = {
        "[devices]\n": f"[devices]\ntimer_minutes = {TIMER}\n{waits}\n",
        "quarantine_hours: 1": "quarantine_hours: 0",
    }
    minute = 3.0 if slow else 0.6
    with (
        tempfile.TemporaryDirectory() as folder,
        lab_cluster(Path(folder) / "tls") as lab,
        SiteOffice(Path(folder) / "office", lab, changes, minute=minute) as office,
    ):
        yield Trials(office, site, held(office))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", choices=SITES, default="skpd")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--host", help="only what strikes that device")
    parser.add_argument("--kills", action="store_true")
    parser.add_argument("--actions", default="connect,change,end")
    given = parser.parse_args()
    tell = partial(print, flush=True)
    if given.kills:
        broken = try_deaths(given.site, given.actions.split(","), given.every, tell)
    else:
        every = [p for p in points(given.site) if given.host in (None, p.host)]
        broken = try_points(every[given.first :: given.every], tell)
    tell(f"{len(broken)} things do not hold", *broken, sep="\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
