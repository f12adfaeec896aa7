"""What a request for an action on a VM that stands says: one form for each action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from provisioner.catalogue import CloudVpsOffer
from provisioner.catalogue.fields import FieldFault, plain_text
from provisioner.errors import FieldError, Invalid
from provisioner.services.cloud_vps.answers import (
    Choice,
    Gigabytes,
    SshKeys,
    Until,
    day_ahead,
    extra_disk,
    twice,
    whole,
)
from provisioner.services.cloud_vps.ssh_keys import same_key
from provisioner.services.forms import Fault, checked
from provisioner.texts import say

MAX_FINDINGS = 100
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SNAPSHOT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,39}")
"""PVE's pve-configid, at most 40 characters."""
_VOLUME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,62}:[A-Za-z0-9][A-Za-z0-9._:/+-]{0,199}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@ -]{0,119}")
_RESERVED_SNAPSHOTS = frozenset({"current", "pending", "special"})


def _instance(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value.strip(" ")):
        raise FieldFault(say("is not the identifier of an instance"))
    return value.strip(" ")


def _snapshot(value: object) -> str:
    name = value.strip(" ") if isinstance(value, str) else ""
    if not _SNAPSHOT.fullmatch(name):
        raise FieldFault(
            say(
                "needs 2 to 40 letters, digits, hyphens and underscores, beginning with a letter, "
                "such as before-update"
            )
        )
    if name.lower() in _RESERVED_SNAPSHOTS:
        raise FieldFault(say("this name has a meaning of its own; choose another one"))
    return name


def _volume(value: object) -> str:
    name = value.strip(" ") if isinstance(value, str) else ""
    if not _VOLUME.fullmatch(name) or ".." in name:
        raise FieldFault(say("is not the name of a backup; choose one from the list"))
    return name


def _finding(value: object) -> str:
    if not isinstance(value, str) or not _KEY.fullmatch(value):
        raise FieldFault(say("is not one of the differences; choose from the list"))
    return value


def _findings(value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise FieldFault(say("must be a list"))
    if not 1 <= len(value) <= MAX_FINDINGS:
        raise FieldFault(say("choose 1 to %(limit)s differences", limit=MAX_FINDINGS))
    return tuple(value)


def _note(value: object) -> str:
    """The cluster fills in what stands in double braces of a note, and reads backslashes."""
    text = plain_text(value, minimum=1, maximum=200)
    if set(text) & set("{}\\"):
        raise FieldFault(say("may not contain braces or a backslash"))
    return text


def _reason(value: object) -> str:
    return plain_text(value, minimum=3, maximum=500)


def _confirmed(value: object) -> str:
    """Compared with the VM's name when the plan is made."""
    return plain_text(value, minimum=1, maximum=63)


def _days(value: object) -> int:
    days = whole(value)
    if days < 1:
        raise FieldFault(say("must be a whole number of days"))
    return days


InstanceId = Annotated[str, BeforeValidator(_instance)]
SnapshotName = Annotated[str, BeforeValidator(_snapshot)]
BackupName = Annotated[str, BeforeValidator(_volume)]
Note = Annotated[str, BeforeValidator(_note)]
Reason = Annotated[str, BeforeValidator(_reason)]
Confirmed = Annotated[str, BeforeValidator(_confirmed)]
Days = Annotated[int, BeforeValidator(_days)]
How = Literal["adopt", "restore", "accept"]
What = Annotated[tuple[Annotated[str, BeforeValidator(_finding)], ...], BeforeValidator(_findings)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Action(_Form):
    """What every action says; ``reason`` is for people alone."""

    action: str
    instance: InstanceId
    reason: Reason | None = None


class ResizeDetails(Action):
    """Another size; ``extra_disk_gb`` is the second disk's size in all."""

    action: Literal["resize"]
    size: Choice
    extra_disk_gb: Gigabytes | None = None


class SnapshotDetails(Action):
    """Keep the disks as they are under a name, for some days."""

    action: Literal["snapshot"]
    name: SnapshotName
    note: Note | None = None
    keep_days: Days | None = None
    """None: as long as the catalogue keeps snapshots."""


class RollbackDetails(Action):
    """Back to a snapshot; what came since is lost."""

    action: Literal["rollback"]
    snapshot: SnapshotName


class DeleteSnapshotDetails(Action):
    """Remove a snapshot."""

    action: Literal["delete_snapshot"]
    snapshot: SnapshotName


class RestartDetails(Action):
    """Shut down and start."""

    action: Literal["restart"]


class StopDetails(Action):
    """Shut down."""

    action: Literal["stop"]


class StartDetails(Action):
    """Switch on."""

    action: Literal["start"]


class AddKeyDetails(Action):
    """Further SSH keys for the VM's user."""

    action: Literal["add_key"]
    ssh_keys: SshKeys


class RebuildDetails(Action):
    """Make it anew in the same place; everything in it is lost. ``confirm`` is the VM's name."""

    action: Literal["rebuild"]
    image: Choice | None = None
    confirm: Confirmed


class MoveDetails(Action):
    """To another node; without ``node`` the planner chooses."""

    action: Literal["move"]
    node: Choice | None = None


class BackupDetails(Action):
    """Back up at once."""

    action: Literal["backup"]
    note: Note | None = None


class RestoreDetails(Action):
    """Put a backup in the VM's place. ``confirm`` is the VM's name."""

    action: Literal["restore"]
    backup: BackupName
    confirm: Confirmed


class ExtendDetails(Action):
    """A later last day of use."""

    action: Literal["extend"]
    until: Until


class SuspendDetails(Action):
    """Switch off and keep off."""

    action: Literal["suspend"]


class ResumeDetails(Action):
    """Switch on again what was suspended."""

    action: Literal["resume"]


class EndDetails(Action):
    """Give the VM back. ``confirm`` is its name."""

    action: Literal["end"]
    confirm: Confirmed


class SettleDetails(Action):
    """Settle differences between record and cluster, named by the keys of their findings."""

    action: Literal["settle"]
    how: How
    what: What


class ActionDraft(_Form):
    """An action not yet complete; what is not given is None."""

    action: str | None = None
    instance: InstanceId | None = None
    reason: Reason | None = None
    size: Choice | None = None
    extra_disk_gb: Gigabytes | None = None
    name: SnapshotName | None = None
    note: Note | None = None
    keep_days: Days | None = None
    snapshot: SnapshotName | None = None
    ssh_keys: SshKeys | None = None
    image: Choice | None = None
    confirm: Confirmed | None = None
    node: Choice | None = None
    backup: BackupName | None = None
    until: Until | None = None
    how: How | None = None
    what: What | None = None


FORMS: Mapping[str, type[Action]] = {
    "resize": ResizeDetails,
    "snapshot": SnapshotDetails,
    "rollback": RollbackDetails,
    "delete_snapshot": DeleteSnapshotDetails,
    "restart": RestartDetails,
    "stop": StopDetails,
    "start": StartDetails,
    "add_key": AddKeyDetails,
    "rebuild": RebuildDetails,
    "move": MoveDetails,
    "backup": BackupDetails,
    "restore": RestoreDetails,
    "extend": ExtendDetails,
    "suspend": SuspendDetails,
    "resume": ResumeDetails,
    "end": EndDetails,
    "settle": SettleDetails,
}
"""The form of each action by its name."""


def parse_action(
    given: Mapping[str, Any], offer: CloudVpsOffer, today: date, *, complete: bool
) -> Action | ActionDraft:
    """The details of an action, checked against what the office offers.

    Raises Invalid like ``details.parse_details``.
    """
    form = FORMS.get(given["action"]) if isinstance(given["action"], str) else None
    if form is None:
        choices = say("must be one of: %(choices)s", choices=", ".join(FORMS))
        raise Invalid([FieldError("/details/action", choices)])

    def fits(sound: Mapping[str, Any]) -> Iterator[Fault]:
        return _faults_together(sound, offer, today)

    if complete:
        return checked(form, ActionDraft, given, fits)
    return checked(ActionDraft, ActionDraft, given, fits)


def _faults_together(
    sound: Mapping[str, Any], offer: CloudVpsOffer, today: date
) -> Iterator[Fault]:
    for name, choices in (("size", offer.sizes), ("image", offer.images)):
        if sound.get(name) and sound[name] not in choices:
            offered = ", ".join(choices) or "-"
            yield (name,), say("is not offered; choose one of: %(offered)s", offered=offered)
    days, most = sound.get("keep_days"), offer.snapshots.keep_days
    if days and days > most:
        yield ("keep_days",), say("a snapshot is kept for at most %(days)d days", days=most)
    yield from day_ahead("until", sound, today)
    yield from extra_disk(sound, offer)
    yield from twice("ssh_keys", sound, same_key, say("this key is already in the list"))
