"""The steps that switch an event's WiFi on, off or prolong it, with what each changes; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from provisioner.drivers.network import Intent, Wish
from provisioner.plans.model import Change, Step
from provisioner.services.booking import rfc3339
from provisioner.services.device_objects import told
from provisioner.services.event_wifi.wanted import WifiInput
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
    on: Mapping[str, Any],
    removed: Mapping[str, Sequence[Intent]],
    announced_by_others: list[str],
) -> tuple[Step, ...]:
    """Take away what was added; ``on`` is the params of the step ``wifi.prove``, with the waves of
    the change and whose passphrase holds (``key_of``): taking a removal back needs it."""
    place = str(on["place"])
    wishes = {h: [Wish(i, present=False).to_json() for i in its] for h, its in removed.items()}
    shared = {"mark": on["mark"], "wishes": wishes}
    change = Step(
        key=CHANGE,
        kind=CHANGE,
        title=say("Switch the WiFi off and remove what was added for it"),
        target=place,
        driver=NETWORK,
        params={
            **shared,
            "expected": {h: dict.fromkeys(i.key for i in its) for h, its in removed.items()},
            "waves": [wave for wave in _waves(on["waves"], removed) if wave],
            "tolerant": True,
            "key_of": on["key_of"],
        },
        changes=tuple(
            Change(name, standing, None)
            for host, its in removed.items()
            for name, standing in (told(host, i) for i in its)
        ),
    )
    prove = Step(
        key=PROVE_OFF,
        kind=PROVE_OFF,
        title=say("Prove that the WiFi is gone"),
        target=place,
        driver=NETWORK,
        params={
            **shared,
            "ssid": on["ssid"],
            "security": on["security"],
            "place": place,
            "hosts": on["hosts"],
            "announced_by_others": announced_by_others,
        },
    )
    return change, prove


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


def _waves(waves: Sequence[Sequence[str]], removed: Mapping[str, object]) -> Iterator[list[str]]:
    return ([host for host in wave if host in removed] for wave in waves)
