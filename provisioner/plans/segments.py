"""Which VLAN and which network of a segment is free: the lowest that nobody has; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from provisioner.catalogue.segments import Segment, gateway_of
from provisioner.errors import Conflict
from provisioner.plans.claims import HeldClaim
from provisioner.plans.refusals import NO_CAPACITY, PLAN_CHANGED
from provisioner.texts import Phrase, say


@dataclass(frozen=True)
class Lot:
    """A VLAN of a segment with the network that always goes with it.

    The third VLAN of a segment has its third network, whatever is reserved or taken: people can
    tell one from the other.
    """

    segment: str
    vlan: int
    cidr: IPv4Network

    @property
    def name(self) -> str:
        """What it is called where prepared networks have a name: ``opd:412``."""
        return f"{self.segment}:{self.vlan}"

    @property
    def keys(self) -> frozenset[str]:
        """The keys of claims on it, of both kinds."""
        return frozenset({self.vlan_key, str(self.cidr)})

    @property
    def vlan_key(self) -> str:
        """The key of a claim on its VLAN: ``0412``."""
        return f"{self.vlan:04}"

    @property
    def gateway(self) -> str:
        """The router's own address with the prefix length: the first host."""
        return f"{gateway_of(self.cidr)}/{self.cidr.prefixlen}"

    @property
    def first(self) -> str:
        """The lowest address that is leased."""
        return str(self.cidr.network_address + 2)

    @property
    def last(self) -> str:
        """The highest address that is leased."""
        return str(self.cidr.broadcast_address - 1)

    @property
    def leases(self) -> int:
        """How many clients can have an address at once."""
        return self.cidr.num_addresses - 3


def lots(name: str, segment: Segment) -> Iterator[Lot]:
    """Everything that may be given away of a segment, the lowest first."""
    vlans = sorted(vlan for span in segment.vlans for vlan in span.each())
    usable, kept = set(segment.vlan_ids()), segment.kept()
    for vlan, cidr in zip(vlans, segment.cidr.subnets(new_prefix=segment.prefix), strict=False):
        if vlan in usable and not any(cidr.overlaps(other) for other in kept):
            yield Lot(name, vlan, cidr)


def free(name: str, segment: Segment, taken: Iterable[HeldClaim]) -> list[Lot]:
    """The lots that no claim of ``taken`` is in the way of, the lowest first."""
    keys = _keys(taken)
    return [lot for lot in lots(name, segment) if not lot.keys & keys]


def choose(
    name: str,
    segment: Segment,
    taken: Collection[HeldClaim],
    asked: Collection[int],
    seen: Mapping[int, Phrase],
) -> Lot:
    """The lowest lot that is free.

    ``asked``: VLANs for which the devices were looked at; ``seen``: of these, what stands there
    that is not ours. Raises Conflict(``no-capacity``) naming what is used up and the remedy.
    """
    left = free(name, segment, taken)
    for lot in left:
        if lot.vlan in asked and lot.vlan not in seen:
            return lot
    raise _nothing_left(name, segment, taken, left, seen)


def keep(
    name: str,
    segment: Segment,
    taken: Collection[HeldClaim],
    seen: Mapping[int, Phrase],
    vlan: int,
) -> Lot:
    """The lot of an earlier choice. Raises Conflict(``plan-changed``) where it can not be kept."""
    lot = next((lot for lot in lots(name, segment) if lot.vlan == vlan), None)
    holder = next((c for c in taken if lot and _key(c) in lot.keys), None)
    if lot is None:
        raise Conflict(
            say(
                "VLAN %(vlan)s of segment %(segment)s may no longer be given away (network.yml).",
                vlan=vlan,
                segment=name,
            ),
            slug=PLAN_CHANGED,
        )
    if holder is not None:
        raise Conflict(
            say(
                "VLAN %(vlan)s of segment %(segment)s is now kept for request %(number)s.",
                vlan=vlan,
                segment=name,
                number=holder.owner,
            ),
            slug=PLAN_CHANGED,
        )
    if vlan in seen:
        raise Conflict(
            say(
                "VLAN %(vlan)s of segment %(segment)s can no longer be used: %(why)s.",
                vlan=vlan,
                segment=name,
                why=seen[vlan],
            ),
            slug=PLAN_CHANGED,
        )
    return lot


def _nothing_left(
    name: str,
    segment: Segment,
    taken: Collection[HeldClaim],
    left: Collection[Lot],
    seen: Mapping[int, Phrase],
) -> Conflict:
    every = list(lots(name, segment))
    resting = _keys(claim for claim in taken if claim.quarantine)
    held = [claim for claim in taken if not claim.quarantine]
    rests = sum(1 for lot in every if lot.keys & resting)
    strange = [lot for lot in left if lot.vlan in seen]
    extra = {"segment": name, "requests": sorted({claim.owner for claim in held})}
    counts = {
        "segment": name,
        "all": len(every),
        "taken": len(every) - len(left) - rests,
        "rest": rests,
        "strange": len(strange),
    }
    if strange:
        return Conflict(
            say(
                "Segment %(segment)s has nothing left: of %(all)d VLANs with their networks "
                "%(taken)d are taken, %(rest)d rest after use, and %(strange)d cannot be used "
                "(%(why)s). Correct that on the device, or widen vlans and cidr under segments of "
                "network.yml.",
                why=seen[strange[0].vlan],
                **counts,
            ),
            slug=NO_CAPACITY,
            extra=extra,
        )
    return Conflict(
        say(
            "Segment %(segment)s has nothing left: of %(all)d VLANs with their networks %(taken)d "
            "are taken and %(rest)d rest after use. Widen vlans and cidr under segments of "
            "network.yml, or end what is no longer needed.",
            **counts,
        ),
        slug=NO_CAPACITY,
        extra=extra,
    )


def _key(claim: HeldClaim) -> str:
    """What a claim is about; those of events have their request behind it."""
    return claim.key.partition(" ")[0]


def _keys(claims: Iterable[HeldClaim]) -> set[str]:
    return {_key(claim) for claim in claims}
