"""The steps that connect a site, change it or disconnect it, with what each changes; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.catalogue.network_fields import Port
from provisioner.plans.model import Change, Step
from provisioner.plans.segments import Lot
from provisioner.services.booking import rfc3339
from provisioner.services.internet.acceptance import FIELDWORK as FIELDWORK_DONE
from provisioner.services.internet.wanted import InternetInput
from provisioner.services.removing import Removed, absent, removal
from provisioner.services.wishes import CHANGE, DeviceWishes, changes_of, to_params
from provisioner.texts import Message, pack, say

NETWORK, PERSON, MANUAL = "network", "person", "manual.task"
FIELDWORK = "site.fieldwork"
PROVE, PROVE_GONE, HAND_OVER = "site.prove", "site.prove_gone", "site.hand_over"


def on_steps(
    wanted: InternetInput, port: Port, lot: Lot, devices: Mapping[str, DeviceWishes]
) -> tuple[Step, ...]:
    """Work on site first: the run waits for it and holds no device; then the change, then proof."""
    work = () if wanted.details.fieldwork == "none" else (_fieldwork(wanted, port),)
    return (
        *work,
        _connect(wanted, port, devices),
        prove_step(wanted, port, lot, to_params(devices)["wishes"]),
        hand_over_step(wanted, port, lot),
    )


def change_step(
    wanted: InternetInput,
    port: Port,
    devices: Mapping[str, DeviceWishes],
    keys: Mapping[str, str],
) -> Step:
    """Only what differs; ``keys`` says by whose passphrase (``key_of``), and whose was before."""
    return Step(
        key=CHANGE,
        kind=CHANGE,
        title=say("Set the new values (devices: %(count)d)", count=len(devices)),
        target=wanted.details.site,
        driver=NETWORK,
        params={
            "mark": wanted.number,
            **to_params(devices),
            "waves": wanted.waves(devices, port.device),
            "tolerant": False,
            **keys,
        },
        changes=tuple(changes_of(devices)),
        undo=say("The earlier values are set again."),
    )


def off_steps(on: Mapping[str, Step], removed: Removed, number: str) -> tuple[Step, ...]:
    """Disconnect, then see that it is gone; ``on`` holds the steps of the plan that stands.

    The passphrase is that of ``number`` unless a change gave another: taking a removal back needs
    it.
    """
    prove = on[PROVE].params
    title = say("Disconnect the site and remove what was added for it")
    disconnect = removal(on[CHANGE], removed, title, number)
    gone = Step(
        key=PROVE_GONE,
        kind=PROVE_GONE,
        title=say("Prove that the site is disconnected"),
        target=on[PROVE].target,
        driver=NETWORK,
        params={**prove, "wishes": absent(removed)},
    )
    return disconnect, gone


def prove_step(
    wanted: InternetInput, port: Port, lot: Lot, wishes: Mapping[str, list[dict[str, Any]]]
) -> Step:
    """Everything that the site needs is there, by new readings."""
    details = wanted.details
    return Step(
        key=PROVE,
        kind=PROVE,
        title=say("Prove that every device on the way serves the site"),
        target=details.site,
        driver=NETWORK,
        params={
            "mark": wanted.number,
            "wishes": dict(wishes),
            "router": wanted.stock(port.device).router.device,
            "port": {"device": port.device, "port": port.port},
            "scope": str(lot.cidr),
            "ssid": details.ssid,
            "security": details.security,
            "hosts": wanted.access_points,
        },
    )


def hand_over_step(wanted: InternetInput, port: Port, lot: Lot) -> Step:
    """What letter and sheet say; the passphrase goes by its own link."""
    details, ends_at = wanted.details, wanted.ends_at
    return Step(
        key=HAND_OVER,
        kind=HAND_OVER,
        title=say("Hand the connection over: letter and sheet can be printed"),
        target=details.site,
        driver=NETWORK,
        params={
            "site": details.site,
            "title": wanted.site.title,
            "department": wanted.department,
            "location": details.location,
            "switch": port.device,
            "port": port.port,
            "vlan": lot.vlan,
            "cidr": str(lot.cidr),
            "gateway": lot.gateway.partition("/")[0],
            "leases": {"first": lot.first, "last": lot.last},
            "dns": [str(server) for server in wanted.segment.dns],
            "mbps": wanted.mbps,
            "poe": details.poe,
            "ssid": details.ssid,
            "security": details.security,
            "isolate_clients": details.isolate_clients,
            "access_points": wanted.access_points,
            "ends_at": rfc3339(ends_at) if ends_at else None,
        },
    )


def _connect(wanted: InternetInput, port: Port, devices: Mapping[str, DeviceWishes]) -> Step:
    return Step(
        key=CHANGE,
        kind=CHANGE,
        title=say(
            "Connect the site (access points: %(aps)d, switches: %(switches)d, router)",
            aps=len(wanted.access_points),
            switches=len(devices) - len(wanted.access_points) - 1,
        ),
        target=wanted.details.site,
        driver=NETWORK,
        params={
            "mark": wanted.number,
            **to_params(devices),
            "waves": wanted.waves(devices, port.device),
            "tolerant": False,
        },
        changes=tuple(changes_of(devices)),
        undo=say("Everything that was added is taken away again; what stood before stays."),
    )


def _fieldwork(wanted: InternetInput, port: Port) -> Step:
    details, site = wanted.details, wanted.site
    where = say(
        "%(site)s, %(location)s", site=site.address or site.title, location=details.location
    )
    vehicle = wanted.offer.vehicle
    text = {
        "cabling": say(
            "Lay the cable at %(where)s to port %(port)s and label both ends.",
            where=where,
            port=":".join(port),
        ),
        "mounting": say(
            "Mount the devices at %(where)s and connect them to port %(port)s.",
            where=where,
            port=":".join(port),
        ),
    }[details.fieldwork]
    told = say("%(what)s Vehicle: %(vehicle)s.", what=text, vehicle=vehicle) if vehicle else text
    return Step(
        key=FIELDWORK,
        kind=MANUAL,
        title=say("Do the work on site at %(site)s", site=site.title),
        target=details.site,
        driver=PERSON,
        params={
            "who": "technician",
            "team": wanted.team,
            "text": pack(told),
            "checklist": _checklist(wanted, port),
            "photo": True,
            "answers": [],
            "check": FIELDWORK_DONE,
            "undo": {
                "text": pack(say("Take back what was put up for %(site)s.", site=site.title)),
                "checklist": [
                    {"key": "unplugged", "text": pack(say("The cable is unplugged and marked"))}
                ],
            },
        },
        changes=(Change(say("cabling at %(site)s", site=site.title), None, where),),
        undo=say("The team takes back what it put up, and confirms it."),
    )


def _checklist(wanted: InternetInput, port: Port) -> list[dict[str, Any]]:
    if wanted.offer.fieldwork_checklist:
        own = enumerate(wanted.offer.fieldwork_checklist, start=1)
        return [{"key": f"item-{number}", "text": text} for number, text in own]
    mounted = {"mounted": say("Devices mounted, power connected, no fault lamp")}
    items: dict[str, Message] = {
        "contact": say("The contact on site knows what was done"),
        **(mounted if wanted.details.fieldwork == "mounting" else {}),
        "cable": say("Cable laid, plugged into %(port)s, labelled at both ends",
                     port=":".join(port)),
        "photo": say("Pictures of the way of the cable and of both ends taken"),
    }  # fmt: skip
    return [{"key": key, "text": pack(text)} for key, text in items.items()]
