"""One examination from a target to a diagnosis: the chain, the look, the judgement, the cause."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from provisioner.catalogue import Network
from provisioner.checks.asking import sighting_of
from provisioner.checks.catalogue import CATALOGUE, CheckModule, check, standard
from provisioner.checks.chain import Chain
from provisioner.checks.chaining import chain_of
from provisioner.checks.diagnosis import diagnose
from provisioner.checks.ground import Ground, parse_target
from provisioner.checks.looking import Looker, Tell
from provisioner.checks.model import Check, Diagnosis, Place, Result, Target
from provisioner.checks.offers import offered
from provisioner.checks.records import Records
from provisioner.checks.rules import Rule
from provisioner.checks.rules.all import RULES
from provisioner.checks.seen import Seen, Sighting
from provisioner.drivers.hypervisor.health import VmHealth
from provisioner.drivers.network import Examination, Host
from provisioner.errors import StepFailure
from provisioner.settings import CheckSettings
from provisioner.texts import Message, say

log = logging.getLogger(__name__)
ODD = (ValueError, LookupError, ArithmeticError)
"""What data that no device should send makes of a judge; anything else is a fault of ours and
ends the examination."""


@dataclass(frozen=True)
class Examined:
    """What one examination gave."""

    target: Target
    chain: Chain
    results: tuple[Result, ...]
    diagnosis: Diagnosis
    sightings: Mapping[str, Sighting] = field(default_factory=dict)
    """By device: what is kept for the next one."""
    seen: Seen | None = field(default=None, repr=False, compare=False)


class Examiner:
    """Examines targets; one object for all of them, for many threads. Changes nothing."""

    def __init__(
        self,
        looker: Looker,
        records: Records,
        network: Callable[[], Network],
        hosts: Callable[[], Mapping[str, Host]],
        clusters: Collection[str],
        settings: CheckSettings,
        catalogue: Mapping[str, CheckModule] = CATALOGUE,
        rules: tuple[Rule, ...] = RULES,
    ) -> None:
        self._looker, self._records, self._settings = looker, records, settings
        self._network, self._hosts, self._clusters = network, hosts, tuple(clusters)
        self._catalogue, self._rules = catalogue, rules

    def target(self, text: str) -> Target:
        """See ``parse_target``."""
        return parse_target(text, self.ground())

    def ground(self) -> Ground:
        """All that may be examined, as it is now."""
        return Ground(self._network(), self._hosts(), self._records.stands(), self._clusters)

    def examine(
        self,
        target: Target,
        checks: Collection[str] | None = None,
        tell: Tell = lambda message: None,
    ) -> Examined:
        """Make these checks of the target, by key; the standard set if None.

        Raises NotFound where there is no such target or check.
        """
        wanted = self._wanted(checks)
        chain = chain_of(target, self.ground())
        seen = _as_it_is(self._looker.look(chain, wanted, tell))
        results = tuple(self._judged(wanted, seen))
        since = seen.at - timedelta(hours=self._settings.changed_hours)
        changes = self._records.changes(chain.devices, since) if chain.devices else ()
        found = diagnose(seen.chain, results, changes, self._rules)
        return Examined(
            target,
            seen.chain,
            results,
            offered(found, results, seen, self._rules),
            _sightings(seen),
            seen,
        )

    def _wanted(self, keys: Collection[str] | None) -> list[Check]:
        if self._catalogue is CATALOGUE:
            return list(standard()) if keys is None else [check(key) for key in keys]
        return [each.CHECK for key, each in self._catalogue.items() if keys is None or key in keys]

    def _judged(self, wanted: Iterable[Check], seen: Seen) -> Iterator[Result]:
        for each in wanted:
            results = list(self._judge(each, seen))
            yield from results
            yield from _left_out(each, results, seen)

    def _judge(self, check: Check, seen: Seen) -> Iterator[Result]:
        """What a judge says; what it said before it stumbled stands, and that it stumbled too."""
        try:
            yield from self._catalogue[check.key].judge(seen)
        except ODD as error:
            log.exception(
                "check %s cannot judge what was read for %s", check.key, seen.chain.target
            )
            yield Result(
                check.key,
                _whole(seen.chain),
                seen.at,
                skipped=say(
                    "What was read makes no sense to this check: %(why)s",
                    why=f"{type(error).__name__}: {error}",
                ),
            )


def _whole(chain: Chain) -> Place:
    """The place that stands for the target as a whole."""
    match chain.target.kind:
        case "device":
            return Place("device", chain.target.key)
        case "cluster":
            return Place("cluster", chain.target.key)
        case "url":
            return Place("service", chain.target.key)
        case _:
            return Place("site", next(iter(chain.sites), chain.target.key))


def _as_it_is(seen: Seen) -> Seen:
    """VMs on the nodes where they are now, which may be others than in our books."""
    found = {name: each.machine.node for name, each in seen.vms.items()
             if isinstance(each, VmHealth) and each.machine}  # fmt: skip
    vms = tuple(replace(vm, node=found.get(vm.key, vm.node)) for vm in seen.chain.vms)
    return replace(seen, chain=replace(seen.chain, vms=vms))


def _left_out(check: Check, results: Collection[Result], seen: Seen) -> Iterator[Result]:
    """Skipped results for devices that the check concerns and could not be made of."""
    if not check.topics:
        return
    told = {each.place.name for each in results}
    for name in seen.chain.devices:
        host = seen.hosts.get(name)
        fits = host is not None and (not check.platforms or host.platform in check.platforms)
        why = _why_not(name, check, seen)
        if fits and name not in told and why is not None:
            yield Result(check.key, Place("device", name), seen.at, skipped=why)


def _why_not(name: str, check: Check, seen: Seen) -> Message | None:
    found = seen.examined.get(name)
    if found is None:
        return say("It does not answer.") if name in seen.reached else say("It was not asked.")
    if isinstance(found, StepFailure):
        return found.what
    untold = [found.untold[topic] for topic in sorted(check.topics) if topic in found.untold]
    if len(untold) == len(check.topics):
        return say("It does not tell: %(why)s", why=untold[0])
    return found.cut


def _sightings(seen: Seen) -> dict[str, Sighting]:
    """Of each device that told anything; the second look's counters where there was one."""
    found: dict[str, Sighting] = {}
    for name, each in seen.examined.items():
        if isinstance(each, Examination):
            later = seen.again.get(name)
            ports = {**each.ports, **(later.ports if later else {})}
            on_air = later.on_air if later and later.on_air else each.on_air
            whole = replace(each, ports=ports, on_air=on_air)
            found[name] = sighting_of(whole, seen.before.get(name))
    return found
