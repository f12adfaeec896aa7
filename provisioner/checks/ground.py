"""What a target is looked up in: network.yml, the inventory, our books; and its name as typed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

from provisioner.catalogue import Network
from provisioner.checks.model import Target, TargetKind
from provisioner.checks.records import Stands
from provisioner.drivers.network import Host
from provisioner.errors import Conflict, NotFound
from provisioner.texts import say

KINDS: tuple[TargetKind, ...] = get_args(TargetKind)
_URL = ("http://", "https://")


@dataclass(frozen=True)
class Ground:
    """All that is known of what may be looked at; pure values, read a moment ago."""

    network: Network
    hosts: Mapping[str, Host]
    stands: tuple[Stands, ...] = ()
    clusters: Collection[str] = ()
    """Names of those that are configured."""

    def instance(self, key: str) -> Stands | None:
        """The instance of that id."""
        return next((each for each in self.stands if each.instance == key), None)

    def named(self, name: str) -> Iterator[Target]:
        """Everything of that name, of whichever kind; an instance also by number and name."""
        if name in self.network.sites:
            yield Target("site", name)
        if name in self.network.places:
            yield Target("place", name)
        if name in self.hosts:
            yield Target("device", name)
        for each in self.stands:
            if name in (each.instance, each.number, each.name):
                yield Target("instance", each.instance)
        if name in self.clusters:
            yield Target("cluster", name)
        if name.startswith(_URL):
            yield Target("url", name)


def parse_target(text: str, ground: Ground) -> Target:
    """What is meant by ``kind:key``, or by a bare name where only one thing has it.

    Raises NotFound where there is no such thing, Conflict (``ambiguous-target``) naming all that
    could be meant where there are several.
    """
    wanted = text.strip()
    kind, colon, name = wanted.partition(":")
    sort: TargetKind | None = next((each for each in KINDS if each == kind), None)
    if colon and sort is not None:
        name = name.strip()
        found = [each for each in ground.named(name) if each.kind == sort]
    else:
        name, found = wanted, list(ground.named(wanted))
    meant = list(dict.fromkeys(found))
    if not meant:
        raise NotFound(
            say(
                "There is nothing by the name %(name)s that can be checked. It has to be a site or "
                "place of network.yml, a device of the inventory, an instance (by its number), a "
                "cluster, or a URL.",
                name=name or "-",
            )
        )
    if len(meant) > 1:
        raise Conflict(
            say(
                "%(name)s can mean several things. Say which: %(choices)s.",
                name=name,
                choices=", ".join(map(str, meant)),
            ),
            slug="ambiguous-target",
            extra={"choices": [str(each) for each in meant]},
        )
    return meant[0]
