"""The steps that switch an event's WiFi on, off or prolong it, with what each changes; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.drivers.network import Intent, Ssid, TrunkMember, Vlan, Wish
from provisioner.plans.model import Change, Step
from provisioner.services.event_wifi.booking import rfc3339
from provisioner.services.event_wifi.wanted import WifiInput
from provisioner.services.event_wifi.wishes import DeviceWishes, to_params
from provisioner.texts import Message, Phrase, say

NETWORK = "network"
CHANGE, PROVE, PROVE_OFF, EXTEND = "network.change", "wifi.prove", "wifi.prove_off", "wifi.extend"
SECURITY: Mapping[str, Phrase] = {
    "wpa2-personal": "WPA2",
    "wpa3-personal": "WPA3",
    "open": say("open, without a passphrase"),
}
"""What people call the kinds of security."""


def on_steps(wanted: WifiInput, devices: Mapping[str, DeviceWishes]) -> tuple[Step, ...]:
    """Change the devices as one, then prove what they announce."""
    params = to_params(devices)
    change = Step(
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
            **params,
            "waves": wanted.waves,
            "tolerant": False,
            "ends_at": rfc3339(wanted.window.end),
        },
        changes=tuple(
            change
            for host, device in devices.items()
            for change in _changes(host, device.added, present=True)
        ),
        undo=say("Everything that was added is taken away again; what stood before stays."),
    )
    prove = Step(
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
            "wishes": params["wishes"],
        },
    )
    return change, prove


def off_steps(
    on: Mapping[str, Any],
    removed: Mapping[str, Sequence[Intent]],
    announced_by_others: list[str],
) -> tuple[Step, ...]:
    """Take away what was added; ``on`` is the params of the step ``wifi.prove``."""
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
        },
        changes=tuple(
            change for host, its in removed.items() for change in _changes(host, its, present=False)
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


def _changes(host: str, intents: Sequence[Intent], *, present: bool) -> Iterator[Change]:
    for intent in intents:
        name, standing = _told(host, intent)
        yield Change(name, None, standing) if present else Change(name, standing, None)


def _told(host: str, intent: Intent) -> tuple[Message, Phrase]:
    if isinstance(intent, Ssid):
        return (
            say("wireless network on the access point %(host)s", host=host),
            say(
                '"%(ssid)s" (%(security)s) into VLAN %(vlan)s, on all its radios',
                ssid=intent.ssid,
                security=SECURITY[intent.security],
                vlan=intent.vlan,
            ),
        )
    if isinstance(intent, Vlan):
        return say("VLAN %(vlan)s on switch %(host)s", vlan=intent.id, host=host), intent.name
    where = say(
        "VLAN %(vlan)s on trunk %(port)s of switch %(host)s",
        vlan=intent.vlan,
        port=intent.port,
        host=host,
    )
    carried = say("carried") if isinstance(intent, TrunkMember) else intent.description
    return where, carried
