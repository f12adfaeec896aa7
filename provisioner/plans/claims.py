"""What is already claimed by requests and instances of ours: the ledger as a value; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from provisioner.plans.model import ReservationKind


@dataclass(frozen=True)
class HeldClaim:
    """One live claim; ``owner`` is the number of the request that made it."""

    kind: ReservationKind
    scope: str
    key: str
    owner: str
    quarantine: bool = False
    amounts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """Live claims of everybody but the request being planned (its quarantined ones are kept)."""

    claims: tuple[HeldClaim, ...] = ()

    def of(self, kind: ReservationKind, scope: str) -> Mapping[str, HeldClaim]:
        """Claims of one kind and scope by key."""
        return self._grouped.get((kind, scope), {})

    @cached_property
    def _grouped(self) -> Mapping[tuple[str, str], Mapping[str, HeldClaim]]:
        """Thousands of claims are gone through once for a plan, not once for each question."""
        found: dict[tuple[str, str], dict[str, HeldClaim]] = {}
        for claim in self.claims:
            found.setdefault((claim.kind, claim.scope), {})[claim.key] = claim
        return found

    def capacity(self, cluster: str) -> Iterator[tuple[str, int, HeldClaim]]:
        """(node, VMID, claim) of every capacity claim of a cluster."""
        for claim in self.claims:
            if claim.kind == "capacity":
                owner, _, node = claim.scope.partition("/")
                if owner == cluster:
                    yield node, int(claim.key.partition("+")[0]), claim


def capacity_scope(cluster: str, node: str) -> str:
    """The scope of capacity claims on a node."""
    return f"{cluster}/{node}"


def further_key(vmid: int, number: str) -> str:
    """The key of a capacity claim that request ``number`` adds to those of a VM that stands."""
    return f"{vmid}+{number}"
