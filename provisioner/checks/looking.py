"""Reads all that the wanted checks need of a chain, at once, and no further than tells more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from ipaddress import AddressValueError, IPv4Address
from time import monotonic, sleep
from typing import TypeVar

from provisioner.catalogue.segments import PRIVATE
from provisioner.checks.asking import ask_again, inquiry_of, probe_order
from provisioner.checks.chain import Chain, Net
from provisioner.checks.chaining import devices_of
from provisioner.checks.model import Check
from provisioner.checks.records import Compared, Records
from provisioner.checks.seen import Seen, Sighting
from provisioner.database import now
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.hypervisor import Hypervisor
from provisioner.drivers.hypervisor.health import ClusterHealth, VmHealth
from provisioner.drivers.network import Examination, Host, Inquiry
from provisioner.drivers.network.intents import Security
from provisioner.drivers.outlook import Fetched, Outlook, Reached, Resolved
from provisioner.drivers.probe import ProbeReport, Probes
from provisioner.errors import Retriable, StepFailure
from provisioner.services.cloud_vps.drift import Finding
from provisioner.settings import CheckSettings
from provisioner.texts import Message, say

log = logging.getLogger(__name__)

Tell = Callable[[Message], None]
"""Told how far it is, a sentence at a time; called from several threads."""
Keys = Callable[[Net], tuple[Security, str] | None]
"""How a probe joins that network's SSID; None where nobody knows."""
_AT_ONCE = 64
_VMS_AT_ONCE, _COMPARED = 8, 4
_REACH, _GREETING, _NAME, _PAGE = 2.0, 3.0, 3.0, 10.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class _Devices:
    reached: Mapping[str, Reached] = field(default_factory=dict)
    examined: Mapping[str, Examination | StepFailure] = field(default_factory=dict)
    again: Mapping[str, Examination] = field(default_factory=dict)
    before: Mapping[str, Sighting] = field(default_factory=dict)
    compared: Compared = field(default_factory=Compared)


@dataclass(frozen=True)
class _Cluster:
    health: ClusterHealth | StepFailure
    vms: Mapping[str, VmHealth | StepFailure] = field(default_factory=dict)
    settings: Mapping[str, tuple[Finding, ...] | StepFailure] = field(default_factory=dict)


class Looker:
    """Looks at chains; one object for all of them, for many threads.

    Nothing is written anywhere and no database transaction is held. What fails, or takes longer
    than its limit, is a failure of its own in ``Seen``; all else is told.
    """

    def __init__(
        self,
        fleet: Fleet,
        clusters: Mapping[str, Hypervisor],
        outlook: Outlook,
        probes: Probes,
        records: Records,
        settings: CheckSettings,
        keys: Keys = lambda net: None,
        pause: float = 3.0,
        patience: float = 5.0,
    ) -> None:
        """``pause``: seconds between the two looks at counters; ``patience``: beyond its own limit,
        after which a source is given up."""
        self._fleet, self._clusters, self._outlook = fleet, clusters, outlook
        self._probes, self._records, self._settings = probes, records, settings
        self._keys, self._pause, self._patience = keys, pause, patience

    def look(
        self, chain: Chain, wanted: Collection[Check], tell: Tell = lambda message: None
    ) -> Seen:
        """All that the wanted checks need of the chain.

        A device is asked only where it answers, a VM only where its cluster does. Returns at the
        latest when the slowest source's own limit is over.
        """
        at = now()
        hosts = self._fleet.hosts()
        needs = {need for each in wanted for need in each.needs}
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="look")
        try:
            devices = pool.submit(self._devices, chain, wanted, hosts, tell)
            clusters = {
                name: pool.submit(self._cluster, name, chain, wanted, tell)
                for name in chain.clusters
                if needs & {"cluster", "vm"} and name in self._clusters
            }
            probed = pool.submit(self._probed, chain, hosts, needs)
            guests, pages, names = self._from_here(pool, chain, needs)
            found = devices.result()
            seats, probe_reports = probed.result()
            told = {name: future.result() for name, future in clusters.items()}
            seconds = _REACH * (1 + len(guests) // _AT_ONCE)
            return Seen(
                at=at,
                chain=chain,
                hosts=hosts,
                reached={
                    **found.reached,
                    **seats,
                    **self._in_time(guests, seconds, lambda name: Reached("")),
                },
                examined=found.examined,
                again=found.again,
                before=found.before,
                drift=found.compared.drift,
                outside=found.compared.outside,
                clusters={name: each.health for name, each in told.items()},
                vms={name: vm for each in told.values() for name, vm in each.vms.items()},
                settings={name: vm for each in told.values() for name, vm in each.settings.items()},
                fetched=self._in_time(pages, _PAGE, lambda url: Fetched(url, error="timeout")),
                resolved=self._in_time(
                    names, _NAME, lambda server: Resolved("", server, error="timeout")
                ),
                probed=probe_reports,
            )
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _from_here(
        self, pool: ThreadPoolExecutor, chain: Chain, needs: Collection[str]
    ) -> tuple[dict[str, Future[Reached]], dict[str, Future[Fetched]], dict[str, Future[Resolved]]]:
        """What the office itself sees: VMs, pages, resolvers of our own."""
        guests = {
            vm.key: pool.submit(self._reach, vm.addresses[0], vm.ssh_port)
            for vm in chain.vms
            if vm.running and vm.addresses and "reach" in needs
        }
        pages = {
            url: pool.submit(self._outlook.fetch, url, _PAGE)
            for url in chain.urls
            if "service" in needs
        }
        names = {
            server: pool.submit(self._outlook.resolve, self._settings.names[0], server, _NAME)
            for server in _private(chain)
            if "names" in needs and self._settings.names
        }
        return guests, pages, names

    # ------------------------------------------------------------ devices

    def _devices(
        self, chain: Chain, wanted: Collection[Check], hosts: Mapping[str, Host], tell: Tell
    ) -> _Devices:
        known = {name: hosts[name] for name in chain.devices if name in hosts}
        if not known:
            return _Devices()
        started = monotonic()
        reached = self._reach_all(known)
        awake = [name for name in known if _answers(reached[name], known[name])]
        tell(say("%(awake)s of %(all)s devices answer.", awake=len(awake), all=len(known)))
        before = self._records.sightings(list(known))
        pool = ThreadPoolExecutor(2, thread_name_prefix="devices")
        try:
            silent = {name: host for name, host in known.items() if name not in awake}
            second = pool.submit(self._reach_all, silent)  # somebody may only have been busy
            examined = self._examined(awake, known, chain, wanted)
            reached |= second.result()
            late = [name for name in silent if _answers(reached[name], known[name])]
            examined |= self._examined(late, known, chain, wanted)
            tell(say("%(count)s devices were asked how they are doing.", count=len(examined)))
            compare = pool.submit(self._compare, chain, wanted, dict(examined))
            again = self._again(chain, examined, before, started)
            limit = 3 * self._settings.device_seconds
            compared = self._in_time({"": compare}, limit, lambda name: Compared())[""]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return _Devices(reached, examined, again, before, compared)

    def _examined(
        self,
        names: Collection[str],
        hosts: Mapping[str, Host],
        chain: Chain,
        wanted: Collection[Check],
    ) -> dict[str, Examination | StepFailure]:
        """Each that is driven and of which something is wanted, in one session."""
        inquiries = {
            name: inquiry_of(name, hosts[name], chain, wanted, self._settings)
            for name in names
            if self._fleet.drives(hosts[name])
        }
        asked = {name: each for name, each in inquiries.items() if each.topics or each.pings}
        return dict(self._fleet.examine(asked)) if asked else {}

    def _reach_all(self, hosts: Mapping[str, Host]) -> dict[str, Reached]:
        if not hosts:
            return {}
        with ThreadPoolExecutor(min(_AT_ONCE, len(hosts)), thread_name_prefix="reach") as pool:
            tries = {name: pool.submit(self._greeted, host) for name, host in hosts.items()}
            return {name: each.result() for name, each in tries.items()}

    def _greeted(self, host: Host) -> Reached:
        """A device that is cut off may seem to accept: its SSH has to say something as well."""
        port = frozenset({host.port})
        return self._outlook.reach(host.address, (host.port,), _GREETING, greeted=port)

    def _reach(self, address: str, port: int) -> Reached:
        return self._outlook.reach(address, (port,), _REACH, frozenset({port}))

    def _again(
        self,
        chain: Chain,
        examined: dict[str, Examination | StepFailure],
        before: Mapping[str, Sighting],
        started: float,
    ) -> dict[str, Examination]:
        """A second look where one is needed. A next hop's answer is put beside the first look's."""
        inquiries: dict[str, Inquiry] = {}
        for name, seen in examined.items():
            if isinstance(seen, Examination) and seen.cut is None:
                asked = ask_again(chain, seen, before.get(name))
                if asked is not None:
                    inquiries[name] = replace(asked, limit=self._settings.device_seconds)
        if not inquiries:
            return {}
        sleep(max(self._pause - (monotonic() - started), self._pause / 2))
        found: dict[str, Examination] = {}
        for name, later in self._fleet.examine(inquiries).items():
            first = examined[name]
            if not isinstance(later, Examination) or not isinstance(first, Examination):
                continue
            examined[name] = replace(first, pings=(*first.pings, *later.pings))
            if inquiries[name].topics:
                found[name] = later
        return found

    def _compare(
        self,
        chain: Chain,
        wanted: Collection[Check],
        examined: Mapping[str, Examination | StepFailure],
    ) -> Compared:
        """Of the instances whose devices all speak: the others could not be compared whole."""
        if not (chain.nets and any("drift" in each.needs for each in wanted)):
            return Compared()
        speaking = {
            name
            for name, each in examined.items()
            if isinstance(each, Examination) and each.cut is None
        }
        whole = [
            each.instance
            for each in self._records.stands()
            if each.instance in chain.instances and each.net and devices_of(each.net) <= speaking
        ]
        since = now() - timedelta(hours=self._settings.changed_hours)
        return self._records.compare(whole, since) if whole else Compared()

    # ------------------------------------------------------------ clusters

    def _cluster(self, name: str, chain: Chain, wanted: Collection[Check], tell: Tell) -> _Cluster:
        driver = self._clusters[name]
        limit = max((each.limit for each in wanted if each.needs & {"cluster", "vm"}), default=20.0)
        vms = [vm for vm in chain.vms if vm.cluster == name]
        asks = any("vm" in each.needs for each in wanted)
        pool = ThreadPoolExecutor(_VMS_AT_ONCE, thread_name_prefix="cluster")
        try:
            asked = {name: pool.submit(_told, name, driver.health)}
            health = self._in_time(asked, limit, _too_late)[name]
            if isinstance(health, StepFailure) or not asks:
                return _Cluster(health)
            futures = {
                vm.key: pool.submit(_told, vm.key, partial(driver.vm_health, vm.vmid)) for vm in vms
            }
            compared = {
                vm.key: pool.submit(_told, vm.key, partial(self._records.settings, vm.instance))
                for vm in (vms if len(vms) <= _COMPARED else ())
            }
            tell(say("The cluster %(name)s answers.", name=name))
            rounds = -(-len(vms) // _VMS_AT_ONCE)
            seen = self._in_time(futures, limit * rounds, _too_late)
            settings = self._in_time(compared, limit, _too_late)
            known = {key: found for key, found in settings.items() if found is not None}
            return _Cluster(health, seen, known)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    # ------------------------------------------------------------ probes

    def _probed(
        self, chain: Chain, hosts: Mapping[str, Host], needs: Collection[str]
    ) -> tuple[dict[str, Reached], Mapping[str, ProbeReport | StepFailure]]:
        """Probes that answer, each on one network of the chain."""
        seats = {
            each.name: hosts[each.name]
            for each in chain.stations
            if each.kind == "probe" and each.name in hosts
        }
        if not seats or "probe" not in needs:
            return {}, {}
        reached = self._reach_all(seats)
        others = (each.net for each in self._records.stands() if each.net is not None)
        found = ((net.vlan, self._keys(net)) for net in chain.nets if net.ssids)
        keys = {vlan: key for vlan, key in found if key is not None}
        order = probe_order(chain, others, keys, self._settings)
        awake = [name for name, host in seats.items() if _answers(reached[name], host)]
        if order is None or not awake:
            return reached, {}
        return reached, self._probes.try_out(dict.fromkeys(awake, order))

    # ------------------------------------------------------------ time

    def _in_time(
        self, futures: Mapping[str, Future[_T]], seconds: float, late: Callable[[str], _T]
    ) -> dict[str, _T]:
        """What each gave; ``late`` of those that have not come when the time is over."""
        end = monotonic() + seconds + self._patience
        found: dict[str, _T] = {}
        for name, future in futures.items():
            try:
                found[name] = future.result(max(end - monotonic(), 0))
            except TooLateError:
                found[name] = late(name)
        return found


def _answers(reached: Reached, host: Host) -> bool:
    return reached.ports.get(host.port) is not None


def _private(chain: Chain) -> list[str]:
    """Resolvers of the chain that are the office's own."""
    return [
        each.name for each in chain.stations if each.kind == "resolver" and _is_private(each.name)
    ]


def _is_private(address: str) -> bool:
    try:
        told = IPv4Address(address)
    except AddressValueError:
        return False
    return any(told in network for network in PRIVATE)


def _told(name: str, call: Callable[[], _T]) -> _T | StepFailure:
    """What it gave, or why not; an answer that makes no sense is a failure of its own as well."""
    try:
        return call()
    except StepFailure as failure:
        return failure
    except (ValueError, LookupError, ArithmeticError, TypeError):
        log.exception("checks: what %s said makes no sense", name)
        return Retriable(
            say("%(name)s gave an answer that could not be read.", name=name),
            meaning=say("Nothing is known of it."),
            next=say("Look at it by hand."),
        )


def _too_late(name: str) -> StepFailure:
    return Retriable(
        say("%(name)s did not answer in time.", name=name),
        meaning=say("Nothing is known of it; it is slow, or something on the way to it is."),
        next=say("Nothing to do: it is tried again by itself."),
    )
