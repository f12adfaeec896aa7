"""What a step's code gets and gives back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from provisioner.checks.model import Diagnosis, Result
from provisioner.drivers.fleet import Fleet
from provisioner.drivers.hypervisor import GuestReport, Hypervisor, Machine
from provisioner.drivers.probe import Probes
from provisioner.drivers.seat import Door, UserSeat
from provisioner.plans.model import Step
from provisioner.settings import CheckSettings, ClusterSettings, DeviceSettings
from provisioner.texts import Message, Phrase, pack


@dataclass(frozen=True)
class Proof:
    """One check as it was made: what, where, with which result, and what shows it."""

    check: str
    target: str
    passed: bool
    evidence: Phrase
    at: datetime

    def to_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "target": self.target,
            "passed": self.passed,
            "evidence": pack(self.evidence),
            "at": self.at.isoformat(),
        }


@dataclass(frozen=True)
class Done:
    """The step is done; ``changed`` is false when everything was already so."""

    changed: bool
    diff: Sequence[str] = ()
    evidence: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Wait:
    """Not yet: look again in ``after`` seconds; ``progress`` says for what it waits."""

    after: float
    progress: Message


class Slots(Protocol):
    """Bounded use of a storage or node; a run's slots survive a crash."""

    def take(self, resource: str, limit: int) -> bool:
        """Take a slot, or keep the one that this run has; False while all are taken."""
        ...

    def give_back(self, resource: str) -> None:
        """Give this run's slot back."""
        ...


class LastSight:
    """What a step has read last, for the next step to begin with, once and while it is fresh.

    An order is never given on a reading that another order of the run has outdated: who took one
    and gave an order reads anew.
    """

    FRESH = 1.0
    """Seconds since it was read."""

    def __init__(self) -> None:
        self._machine: tuple[Machine, float] | None = None
        self._report: tuple[GuestReport, float] | None = None

    def leave(self, machine: Machine) -> None:
        """It was read just now."""
        self._machine = (machine, time.monotonic())

    def leave_report(self, report: GuestReport) -> None:
        """The VM's agent said so just now."""
        self._report = (report, time.monotonic())

    def take(self, vmid: int) -> Machine | None:
        """The fresh reading of that VM, if there is one; there is none for the next who asks."""
        left, self._machine = self._machine, None
        if left is None or left[0].vmid != vmid or self._is_old(left[1]):
            return None
        return left[0]

    def take_report(self) -> GuestReport | None:
        """What the VM's agent said a moment ago, once."""
        left, self._report = self._report, None
        return None if left is None or self._is_old(left[1]) else left[0]

    def _is_old(self, moment: float) -> bool:
        return time.monotonic() - moment > self.FRESH


class Settled(Protocol):
    """What bringing a guest to the baseline gave."""

    @property
    def changed(self) -> bool: ...

    @property
    def lines(self) -> Sequence[str]: ...


class Guests(Protocol):
    """Guests of VMs, reached over SSH with the office's key."""

    def settle(
        self, door: Door, baseline: Mapping[str, Any], ports: Sequence[Mapping[str, Any]]
    ) -> Settled:
        """Bring it to the baseline; ``ports`` are those that the request opens."""
        ...


class FindSecret(Protocol):
    """Secrets that are kept for requests."""

    def __call__(self, kind: str, number: str | None = None) -> str | None:
        """The value of that kind for this request, or for another by its number."""
        ...


class Endings(Protocol):
    """When instances end, and what stands of them in our books."""

    def ends_at(self, instance_id: str) -> datetime | None:
        """When it ends as things stand."""
        ...

    def prolong(self, instance_id: str, ends_at: datetime | None) -> None:
        """Move its end, or take it away (None). Raises Refused when the end has begun."""
        ...

    def note(self, instance_id: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Replace keys of the instance's facts (None removes one); returns what they were."""
        ...


class Checks(Protocol):
    """Checks that a worker makes meanwhile."""

    def begin(self, target: str, *, purpose: str, request: str | None = None) -> str:
        """The identifier of a check of that target, begun for that request."""
        ...

    def again(self, id: str) -> str:
        """The same target with what was red in that check alone."""
        ...

    def outcome(self, id: str) -> CheckOutcome | None:
        """None while it is under way."""
        ...


class CheckOutcome(Protocol):
    """What a check came to."""

    @property
    def results(self) -> Sequence[Result]: ...

    @property
    def diagnosis(self) -> Diagnosis | None:
        """None where it was broken off."""
        ...

    @property
    def ended_at(self) -> datetime: ...


class Devices(Protocol):
    """Network devices that a run has for itself; they survive a crash."""

    def take(self, hosts: Sequence[str]) -> str | None:
        """Take them all, or none: then the number of the request that is in the way."""
        ...

    def check(self) -> None:
        """Raises LeaseLost when one of them is no longer this run's; before each touch."""
        ...

    def give_back(self) -> None:
        """All of them, and the place in the line."""
        ...


@dataclass(frozen=True)
class Context:
    """Everything that a step may use. ``remember`` is on disk when it returns."""

    run_id: str
    number: str
    step: Step
    memory: Mapping[str, Any]
    remember: Callable[[Mapping[str, Any]], None]
    recall: Callable[[str], Mapping[str, Any]]
    """The memory of another step of the run, by its key."""
    planned: Callable[[str], Mapping[str, Any]]
    """The params of another step of the plan, by its key."""
    rewrite: Callable[[str, Mapping[str, Any]], None]
    """Replace keys in the memory of another step."""
    hypervisors: Mapping[str, Hypervisor]
    clusters: Mapping[str, ClusterSettings]
    office_key: str
    """The office's own public key, ``type base64``."""
    seat: UserSeat
    guests: Guests
    slots: Slots
    keep_secret: Callable[[str, str], str]
    """(kind, value) to the id of a secret kept for this request; the same id when kept before."""
    find_secret: FindSecret
    other_vmid: Callable[[str, frozenset[int]], int]
    """(cluster, VMIDs known to be taken) to another VMID, reserved for this request."""
    warn: Callable[[Message], None]
    """Put a remark on the request's timeline."""
    tell: Callable[[str, Message, Mapping[str, Any]], None]
    """(tag, text, data): put what happens to a device on the request's timeline."""
    fleet: Fleet
    devices: Devices
    device_settings: DeviceSettings
    keep_configuration: Callable[[str, str, str], None]
    """(device, ``before`` or ``after``, text): keep a device's configuration with the run."""
    endings: Endings
    checks: Checks
    settle: float
    """Seconds after which the effect of a call of unknown outcome would have appeared."""
    check_settings: CheckSettings = field(default_factory=CheckSettings)
    probes: Probes | None = None
    """Those of the inventory; None: there are none."""
    sight: LastSight = field(default_factory=LastSight)
    """What the step before has seen, where both are carried out without a pause."""

    @property
    def params(self) -> Mapping[str, Any]:
        return self.step.params

    @property
    def hypervisor(self) -> Hypervisor:
        return self.hypervisors[self.params["cluster"]]

    @property
    def cluster(self) -> ClusterSettings:
        return self.clusters[self.params["cluster"]]


class StepAction(Protocol):
    """The code of one kind of step. Raises the failures of ``errors`` only.

    The preview of a step is made by the planner: its ``changes`` (before and after).
    """

    def apply(self, context: Context) -> Done | Wait:
        """Look whether it is already so; if not, act. May be called again at any point."""
        ...

    def verify(self, context: Context) -> Sequence[Mapping[str, Any]]:
        """Read back what ``apply`` left; evidence for the journal. Raises when it is not so."""
        ...

    def undo(self, context: Context) -> Done | Wait:
        """Take back whatever stands, nothing that is not ours; doing it twice is harmless."""
        ...
