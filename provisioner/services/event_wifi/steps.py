"""The steps that switch an event's WiFi on, off or prolong it, with what each changes; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from provisioner.plans.model import Change, Step
from provisioner.services.booking import rfc3339
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.removing import Removed, absent, removal
from provisioner.services.wishes import CHANGE as CHANGE
from provisioner.services.wishes import DeviceWishes, changes_of, to_params
from provisioner.texts import Phrase, say

NETWORK = "network"
PROVE, PROVE_OFF, EXTEND = "wifi.prove", "wifi.prove_off", "wifi.extend"


def on_steps(wanted: WifiInput, devices: Mapping[str, DeviceWishes]) -> tuple[Step, ...]:
    """Change the devices as one, then prove what they announce."""
    params = to_params(devices)
    return _change(wanted, devices), prove_step(wanted, params["wishes"])


def change_step(
    wanted: WifiInput, devices: Mapping[str, DeviceWishes], keys: Mapping[str, str]
) -> Step:
    """Only what differs; ``keys`` says by whose passphrase (``key_of``), and whose was before."""
    change = _change(wanted, devices)
    title = say("Set the new values (devices: %(count)d)", count=len(devices))
    undo = say("The earlier values are set again.")
    return replace(change, title=title, undo=undo, params={**change.params, **keys})


def _change(wanted: WifiInput, devices: Mapping[str, DeviceWishes]) -> Step:
    return Step(
        key=CHANGE,
        kind=CHANGE,
        title=say(
            "Switch the WiFi on (access points: %(aps)d, switches: %(switches)d)",
            aps=len(wanted.access_points),
            switches=len(wanted.switches),
        ),
        target=wanted.details.place,
        driver=NETWORK,
        params={
            "mark": wanted.number,
            **to_params(devices),
            "waves": wanted.waves(devices),
            "tolerant": False,
            "ends_at": rfc3339(wanted.window.end),
        },
        changes=tuple(changes_of(devices)),
        undo=say("Everything that was added is taken away again; what stood before stays."),
    )


def prove_step(wanted: WifiInput, wishes: Mapping[str, list[dict[str, Any]]]) -> Step:
    """Everything that the event needs is there, by new readings."""
    return Step(
        key=PROVE,
        kind=PROVE,
        title=say("Prove that every device on the way has it and that the WiFi is announced"),
        target=wanted.details.place,
        driver=NETWORK,
        params={
            "mark": wanted.number,
            "ssid": wanted.details.ssid,
            "security": wanted.details.security,
            "place": wanted.details.place,
            "hosts": wanted.access_points,
            "wishes": dict(wishes),
        },
    )


def off_steps(
    on: Mapping[str, Step], removed: Removed, number: str, announced_by_others: list[str]
) -> tuple[Step, ...]:
    """Take away what was added, then prove it; ``on`` holds the steps of the plan that stands.

    The passphrase is that of ``number`` unless a change gave another.
    """
    change, prove = on[CHANGE], on[PROVE].params
    title = say("Switch the WiFi off and remove what was added for it")
    gone = Step(
        key=PROVE_OFF,
        kind=PROVE_OFF,
        title=say("Prove that the WiFi is gone"),
        target=on[PROVE].target,
        driver=NETWORK,
        params={
            **{k: prove[k] for k in ("mark", "ssid", "security", "place", "hosts")},
            "wishes": absent(removed),
            "announced_by_others": announced_by_others,
        },
    )
    return removal(change, removed, title, number), gone


def extend_step(instance: str, place: str, before: Phrase, after: Phrase, ends_at: str) -> Step:
    """Move the end of an instance; no device is touched."""
    return Step(
        key=EXTEND,
        kind=EXTEND,
        title=say("Keep the WiFi on until %(after)s", after=after),
        target=place,
        driver=NETWORK,
        params={"instance": instance, "ends_at": ends_at},
        changes=(Change(say("end of the WiFi"), before, after),),
        undo=say("The earlier end counts again."),
    )
