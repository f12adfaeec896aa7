"""Network devices tried by the product's own drivers: read, changed under a timer, taken back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from provisioner.bootstrap import network_fleet
from provisioner.catalogue import Network, load_inventory
from provisioner.catalogue.network import Port
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.drivers.network import (
    Host,
    NetworkPlatform,
    Order,
    Preview,
    Reading,
    Result,
    Ssid,
    TrunkMember,
    Vlan,
    Wish,
)
from provisioner.errors import Mistake, ProvisionerError, StepFailure
from provisioner.lab.proving import Proof
from provisioner.settings import Settings
from provisioner.texts import Message, say

_MARK = "LAB-TEST"
_SSID = "provisioner lab test"
_AIR = 20.0
"""Seconds that a radio may take to announce a network."""
_LATE = 5.0
"""Seconds that a timer may need to do its work."""
_PAUSE = 0.2
_T = TypeVar("_T")


class _NotProvenError(ProvisionerError):
    """One step did not do what it has to."""


def device_trial(settings: Settings, place: str = "") -> Iterator[Proof]:
    """Prove every driven device readable, and one switch and one access point changeable.

    Nothing where the inventory has no such device. Raises Mistake for a place that is not there.
    """
    hosts = Hosts(settings)
    fleet = network_fleet(settings, hosts)
    driven = {
        name: host
        for name, host in hosts().items()
        if fleet.drives(host) and "routers" not in host.groups
    }
    network = load_inventory(settings).network
    if place and place not in network.places:
        known = ", ".join(network.places)
        raise Mistake(
            say("There is no place %(name)s; these are: %(known)s", name=place, known=known)
        )
    if driven:
        trial = _Trial(fleet, driven, network, settings)
        yield from trial.reading()
        yield from trial.changing(place)


@dataclass
class _Change:
    """One device's change, from before it to gone again."""

    host: str
    wishes: Sequence[Wish]
    token: str
    minutes: int
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    before: Reading | None = None
    preview: Preview | None = None

    def order(self, minutes: int | None = None) -> Mapping[str, Order]:
        wanted = self.minutes if minutes is None else minutes
        preview = self.preview or Preview(self.host)
        return {self.host: Order(preview, self.token, wanted, self.keys)}


class _Trial:
    def __init__(
        self,
        fleet: NetworkPlatform,
        hosts: Mapping[str, Host],
        network: Network,
        settings: Settings,
    ) -> None:
        self._fleet, self._hosts, self._network = fleet, hosts, network
        self._minute = settings.devices.minute
        self._minutes = settings.devices.timer_minutes

    # ------------------------------------------------------------- to read

    def reading(self) -> Iterator[Proof]:
        """Every device once, all of a platform together."""
        for platform in sorted({host.platform for host in self._hosts.values()}):
            names = [name for name, host in self._hosts.items() if host.platform == platform]
            since = time.monotonic()
            found = self._fleet.read(dict.fromkeys(names, ()))
            seconds = time.monotonic() - since
            for name in names:
                yield from self._read_proofs(name, found[name], seconds)

    def _read_proofs(
        self, name: str, found: Reading | StepFailure, seconds: float
    ) -> Iterator[Proof]:
        login = say("Host key trusted, logged in, configuration read.")
        if isinstance(found, StepFailure):
            yield Proof("devices", name, login, seconds, found.what, found.next)
            return
        yield Proof("devices", name, login, seconds)
        wrong = None
        if found.hostname.lower() != name.lower():
            wrong = say("It says that it is %(hostname)s.", hostname=found.hostname or "-")
        yield Proof("devices", name, say("Its hostname is its name."), seconds, wrong)
        timer = say("A timer can take a change back.")
        best = self._hosts[name].dead_man == "best_effort"
        yield Proof("devices", name, timer, seconds, None if best else found.no_timer)

    # ------------------------------------------------------------- to change

    def changing(self, place: str) -> Iterator[Proof]:
        """A trunk member on the switch, and an SSID on an access point, of a place."""
        vlans = [each.vlan for each in self._network.event_networks.values()]
        access_point, trunk = self._where(place)
        if trunk is not None:
            switch, port = trunk
            wishes = {
                vlan: (Wish(Vlan(vlan, f"PROV-{_MARK}")), Wish(TrunkMember(port, vlan)))
                for vlan in vlans
            }
            yield from self._change(switch, wishes, {})
        if access_point is not None:
            name, uplink = access_point
            ssids = {
                vlan: (Wish(Ssid(_MARK, _SSID, "wpa2-personal", vlan, uplink, isolate=True)),)
                for vlan in vlans
            }
            yield from self._change(name, ssids, {_MARK: secrets.token_urlsafe(12)})

    def _where(self, place: str) -> tuple[Port | None, Port | None]:
        """An access point of the place with its wired port, and the switch port it hangs on.

        Without an access point: the first cabled switch port.
        """
        places = self._network.places
        wanted = {
            name for key in ([place] if place else places) for name in places[key].access_points
        }
        cables = list(self._network.cables())
        ends = [*cables, *((other, one) for one, other in cables)]
        for here, there in ends:
            if here.device in wanted and here.device in self._hosts:
                return here, there if there.device in self._hosts else None
        groups = {name: host.groups for name, host in self._hosts.items()}
        trunks = (here for here, _ in ends if "switches" in groups.get(here.device, ()))
        return None, next(trunks, None)

    def _change(
        self, host: str, wishes: Mapping[int, Sequence[Wish]], keys: Mapping[str, str]
    ) -> Iterator[Proof]:
        change = _Change(host, (), secrets.token_hex(8), self._minutes, keys)
        steps: list[tuple[Message, Callable[[_Change], None]]] = [
            (
                say("A free VLAN is found and the change prepared."),
                lambda change: self._prepare(change, wishes),
            ),
            (say("The change is applied under a timer."), lambda c: self._apply(c, None)),
            (say("It stands, seen in a new session."), self._stands),
            (say("It is taken back; the configuration is the same as before."), self._revert),
            (say("Applied again, and not confirmed."), lambda c: self._apply(c, 1)),
            (say("The device takes it back by itself; all is as before."), self._expires),
        ]
        for what, step in steps:
            since = time.monotonic()
            try:
                step(change)
            except ProvisionerError as error:
                seconds = time.monotonic() - since
                after = error.next if isinstance(error, StepFailure) else None
                yield Proof("devices", host, what, seconds, error.what, after)
                if change.preview is not None:
                    self._fleet.revert(change.order())
                return
            yield Proof("devices", host, what, time.monotonic() - since)

    def _read(self, change: _Change, wishes: Sequence[Wish] | None = None) -> Reading:
        asked = change.wishes if wishes is None else wishes
        intents = [wish.intent for wish in asked]
        return _one(self._fleet.read({change.host: intents}, change.keys), change.host)

    def _prepare(self, change: _Change, wishes: Mapping[int, Sequence[Wish]]) -> None:
        for each in wishes.values():
            found = self._read(change, each)
            if found.pending:
                raise _NotProvenError(say("A timer of somebody runs there already."))
            if any(found.objects.values()):
                continue
            for problem in found.problems.values():
                raise _NotProvenError(problem)
            change.wishes, change.before = each, found
            change.preview = self._fleet.preview(found, each)
            return
        raise _NotProvenError(say("No VLAN of the event networks is free there."))

    def _apply(self, change: _Change, minutes: int | None) -> None:
        if minutes is not None:
            change.token = secrets.token_hex(8)
        if not _one(self._fleet.apply(change.order(minutes)), change.host).changed:
            raise _NotProvenError(say("Nothing was changed."))

    def _stands(self, change: _Change) -> None:
        deadline = time.monotonic() + _AIR
        while True:
            found = self._read(change)
            if not all(wish.holds(found.objects[wish.intent.key]) for wish in change.wishes):
                raise _NotProvenError(say("The change is not found on the device."))
            if not found.pending:
                raise _NotProvenError(say("No timer runs on the device."))
            if not change.keys or _SSID in found.announced:
                return
            if time.monotonic() > deadline:
                raise _NotProvenError(say("The network is not announced."))
            time.sleep(_PAUSE)

    def _revert(self, change: _Change) -> None:
        _one(self._fleet.revert(change.order()), change.host)
        self._same(change, self._read(change))

    def _expires(self, change: _Change) -> None:
        deadline = time.monotonic() + 2 * self._minute + _LATE
        time.sleep(self._minute)
        while True:
            found = self._fleet.read(
                {change.host: [wish.intent for wish in change.wishes]}, change.keys
            )[change.host]
            if isinstance(found, Reading) and not found.pending:
                self._same(change, found)
                return
            if time.monotonic() > deadline:
                raise _NotProvenError(say("The timer did not take the change back."))
            time.sleep(_PAUSE)

    def _same(self, change: _Change, found: Reading) -> None:
        before = change.before
        if before is None or found.configuration != before.configuration:
            raise _NotProvenError(say("The configuration is not the same as before."))


def _one(results: Result[_T], host: str) -> _T:
    found = results[host]
    if isinstance(found, StepFailure):
        raise found
    return found
