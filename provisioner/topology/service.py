"""Asks all devices who their neighbours are and compares that with network.yml; only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from provisioner.catalogue import Network
from provisioner.database import now
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.groups import GROUP, in_groups
from provisioner.drivers.network import Survey
from provisioner.errors import Forbidden, StepFailure
from provisioner.people.rules import Actor, sees_all
from provisioner.texts import render, say
from provisioner.topology.differences import Comparison, compare
from provisioner.topology.views import (
    SilentView,
    TopologyView,
    difference_views,
    unchecked_views,
)


@dataclass(frozen=True)
class _Look:
    at: datetime
    cables: int
    found: Comparison
    silent: Mapping[str, StepFailure]


class TopologyService:
    """The last look at all devices, and a new one when asked; for many threads.

    ``network`` gives network.yml as it is now. The last look is kept in this process alone.
    """

    def __init__(self, fleet: Fleet, network: Callable[[], Network], group: int = GROUP) -> None:
        self._fleet, self._network, self._group = fleet, network, group
        self._lock = Lock()
        self._last: _Look | None = None

    def look(
        self, language: str, progress: Callable[[int, int], None] = lambda done, all: None
    ) -> TopologyView:
        """Ask every device that is driven, compare, keep it.

        ``progress`` is told how many devices of how many were asked. Two looks never overlap.
        """
        with self._lock:
            surveys: dict[str, Survey] = {}
            silent: dict[str, StepFailure] = {}
            hosts = self._fleet.hosts()
            names = sorted(name for name, host in hosts.items() if self._fleet.drives(host))
            done = 0
            for group in in_groups(names, self._group):
                for name, found in self._fleet.survey(group).items():
                    if isinstance(found, StepFailure):
                        silent[name] = found
                    else:
                        surveys[name] = replace(found, leases=())
                done += len(group)
                progress(done, len(names))
            links = list(self._network().cables())
            self._last = _Look(now(), len(links), compare(links, surveys, hosts), silent)
        return self._view(language)

    def check(self, actor: Actor) -> TopologyView:
        """A new look. Raises Forbidden for who is not of the office."""
        _of_the_office(actor)
        return self.look(actor.language)

    def differences(self, actor: Actor) -> TopologyView:
        """The last look. Raises Forbidden for who is not of the office."""
        _of_the_office(actor)
        return self._view(actor.language)

    def _view(self, language: str) -> TopologyView:
        last = self._last
        if last is None:
            return TopologyView(
                looked_at=None, cables=0, agreed=0, differences=[], unchecked=[], silent=[]
            )
        return TopologyView(
            looked_at=last.at,
            cables=last.cables,
            agreed=last.found.agreed,
            differences=difference_views(last.found, language),
            unchecked=unchecked_views(last.found, language),
            silent=silent_views(last.silent, language),
        )


def silent_views(silent: Mapping[str, StepFailure], language: str) -> list[SilentView]:
    """The devices that could not be asked, with what to do."""
    return [
        SilentView(device=name, what=render(why.what, language), next=render(why.next, language))
        for name, why in sorted(silent.items())
    ]


def _of_the_office(actor: Actor) -> None:
    if not sees_all(actor):
        raise Forbidden(say("Only the office may see the cables between devices."))
