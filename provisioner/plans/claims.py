"""What is already claimed by requests and instances of ours: the ledger as a value; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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

    def of(self, kind: ReservationKind, scope: str) -> dict[str, HeldClaim]:
        """Claims of one kind and scope by key."""
        return {c.key: c for c in self.claims if c.kind == kind and c.scope == scope}

    def capacity(self, cluster: str) -> Iterator[tuple[str, int, HeldClaim]]:
        """(node, VMID, claim) of every capacity claim of a cluster."""
        for claim in self.claims:
            owner, _, node = claim.scope.partition("/")
            if claim.kind == "capacity" and owner == cluster:
                yield node, int(claim.key), claim


def capacity_scope(cluster: str, node: str) -> str:
    """The scope of capacity claims on a node."""
    return f"{cluster}/{node}"
