"""The steps that bring a server into a rack or take it out, with what each changes; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioner.drivers.network import Wish
from provisioner.plans.model import Change, Step
from provisioner.services.colocation.acceptance import SERVER_RACKED, SERVER_TAKEN_OUT
from provisioner.services.colocation.choosing import Spot
from provisioner.services.colocation.intents import access_port
from provisioner.services.colocation.wanted import ColocationInput
from provisioner.services.device_objects import told
from provisioner.services.removing import Removed, removal
from provisioner.services.waves import waves
from provisioner.services.wishes import DeviceWishes, to_params
from provisioner.texts import Message, pack, say

NETWORK, PERSON = "network", "person"
CHANGE, MANUAL = "network.change", "manual.task"
RACK, TAKE_OUT = "colocation.rack", "colocation.take_out"
PROVE, PROVE_GONE = "colocation.prove", "colocation.prove_gone"
HAND_OVER = "colocation.hand_over"
PROBED = (22, 80, 443, 3389)
"""Where a server most likely answers of which nothing is known."""


def on_steps(
    wanted: ColocationInput, spot: Spot, address: str, devices: Mapping[str, DeviceWishes]
) -> tuple[Step, ...]:
    """The port first, so that the technician can try the cable; then the racking; then proof."""
    return (
        _connect(wanted, spot, devices),
        _rack(wanted, spot, address),
        _prove(wanted, spot, address),
        _hand_over(wanted, spot, address),
    )


def off_steps(
    on: Mapping[str, Step],
    removed: Removed,
    choices: Mapping[str, Any],
) -> tuple[Step, ...]:
    """Disconnect, have the server taken out, see that it is gone.

    ``on`` holds the steps of the plan that brought it, by key; ``choices`` are that plan's.
    """
    prove = on[PROVE].params
    title = say("Free the switch port and remove what was added for the server")
    disconnect = removal(on[CHANGE], removed, title)
    prove_gone = Step(
        key=PROVE_GONE,
        kind=PROVE_GONE,
        title=say("Prove that the port is free and nothing answers any more"),
        target=on[PROVE].target,
        driver=NETWORK,
        params=dict(prove),
    )
    return disconnect, _take_out(on[RACK], choices), prove_gone


def units_text(units: Sequence[int]) -> str:
    """For people: ``7`` or ``7-9``."""
    return str(units[0]) if len(units) == 1 else f"{units[0]}-{units[-1]}"


def _connect(wanted: ColocationInput, spot: Spot, devices: Mapping[str, DeviceWishes]) -> Step:
    way = wanted.ways[spot.port.device]
    return Step(
        key=CHANGE,
        kind=CHANGE,
        title=say("Set the switch port up for the server"),
        target=":".join(spot.port),
        driver=NETWORK,
        params={
            "mark": wanted.number,
            **to_params(devices),
            "waves": waves(way.distances, (*way.redundant, *wanted.redundant)),
            "tolerant": False,
        },
        changes=tuple(
            Change(name, None, standing)
            for host, device in devices.items()
            for name, standing in (told(host, intent) for intent in device.added)
        ),
        undo=say("Everything that was added is taken away again; what stood before stays."),
    )


def _rack(wanted: ColocationInput, spot: Spot, address: str) -> Step:
    details, rack = wanted.details, wanted.racks[spot.rack]
    units, feeds = units_text(spot.units), ", ".join(spot.feeds)
    place = {"rack": rack.title, "units": units, "feeds": feeds}
    text = say(
        "Put the server %(name)s (%(model)s) into rack %(rack)s, units %(units)s, power feeds "
        "%(feeds)s, switch port %(port)s, address %(address)s. Contact: %(contact)s.",
        name=details.server_name,
        model=details.model,
        port=":".join(spot.port),
        address=address,
        contact=details.contact_on_site,
        **place,
    )
    serial = {"key": "serial", "text": pack(say("Serial number as on the server")), "kind": "text"}
    return Step(
        key=RACK,
        kind=MANUAL,
        title=say("Put the server into rack %(rack)s", rack=rack.title),
        target=spot.rack,
        driver=PERSON,
        params={
            "who": "technician",
            "team": wanted.offer.team,
            "text": pack(text),
            "checklist": _checklist(wanted, spot, address, units, feeds),
            "photo": True,
            "answers": [] if details.serial else [serial],
            "check": SERVER_RACKED,
            "undo": {
                "text": pack(say("Take the server %(name)s out of rack %(rack)s, units %(units)s.",
                                 name=details.server_name, rack=rack.title, units=units)),
                "checklist": _out_list(details.server_name),
            },
        },
        changes=(
            Change(
                say("server %(name)s", name=details.server_name),
                None,
                say("rack %(rack)s, units %(units)s, power feeds %(feeds)s", **place),
            ),
        ),
        undo=say("A technician takes the server out of the rack and confirms it."),
    )  # fmt: skip


def _checklist(
    wanted: ColocationInput, spot: Spot, address: str, units: str, feeds: str
) -> list[dict[str, Any]]:
    if wanted.offer.checklist:
        own = enumerate(wanted.offer.checklist, start=1)
        return [{"key": f"item-{number}", "text": text} for number, text in own]
    port = ":".join(spot.port)
    items: dict[str, Message] = {
        "delivered": say("The server was delivered and its papers signed"),
        "label": say("The label is glued on, front and back"),
        "mounted": say("Mounted in units %(units)s, screws tight", units=units),
        "power": say("Connected to power: %(feeds)s", feeds=feeds),
        "cable": say("Network cable plugged into %(port)s, labelled at both ends", port=port),
        "address": say("The address %(address)s is entered on the server", address=address),
        "on": say("Switched on, no fault lamp; the lamp of the port is lit"),
    }
    return [{"key": key, "text": pack(text)} for key, text in items.items()]


def _out_list(name: str) -> list[dict[str, Any]]:
    items: dict[str, Message] = {
        "off": say("The server %(name)s is shut down and switched off", name=name),
        "out": say("Taken out, cables and rails removed"),
        "returned": say("Handed back to the department, receipt signed"),
    }
    return [{"key": key, "text": pack(text)} for key, text in items.items()]


def _take_out(rack: Step, choices: Mapping[str, Any]) -> Step:
    return Step(
        key=TAKE_OUT,
        kind=MANUAL,
        title=say("Take the server out of the rack"),
        target=rack.target,
        driver=PERSON,
        params={
            "who": rack.params["who"],
            "team": rack.params["team"],
            "text": rack.params["undo"]["text"],
            "checklist": rack.params["undo"]["checklist"],
            "photo": True,
            "answers": [],
            "check": SERVER_TAKEN_OUT,
            "undo": None,
        },
        changes=(
            Change(
                say("server %(name)s", name=choices["server"]),
                say("rack %(rack)s, units %(units)s", rack=choices["rack"],
                    units=units_text(choices["units"])),
                None,
            ),
        ),
    )  # fmt: skip


def _prove(wanted: ColocationInput, spot: Spot, address: str) -> Step:
    port = access_port(wanted, spot.port.port)
    return Step(
        key=PROVE,
        kind=PROVE,
        title=say("Prove that the port is set up and that the server answers"),
        target=address,
        driver=NETWORK,
        params={
            "address": address,
            "ports": wanted.tcp_ports,
            "probed": wanted.tcp_ports or list(PROBED),
            "switch": spot.port.device,
            "wish": Wish(port).to_json(),
        },
    )


def _hand_over(wanted: ColocationInput, spot: Spot, address: str) -> Step:
    network = wanted.network
    return Step(
        key=HAND_OVER,
        kind=HAND_OVER,
        title=say("Hand the server over: label and hand-over sheet can be printed"),
        target=wanted.details.server_name,
        driver=NETWORK,
        params={
            "server": wanted.details.server_name,
            "department": wanted.department,
            "rack": spot.rack,
            "units": list(spot.units),
            "feeds": list(spot.feeds),
            "switch": spot.port.device,
            "port": spot.port.port,
            "address": f"{address}/{network.cidr.prefixlen}",
            "gateway": str(network.gateway),
            "dns": [str(server) for server in network.dns],
            "model": wanted.details.model,
            "serial": wanted.details.serial,
            "mac": wanted.details.mac,
        },
    )
