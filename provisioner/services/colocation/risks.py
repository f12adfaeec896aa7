"""What may go wrong with a place in the data centre, in the reader's words; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.drivers.network import Host
from provisioner.facts.colocation import ColocationFacts
from provisioner.plans.claims import Ledger
from provisioner.plans.model import Risk
from provisioner.services.colocation.choosing import Spot, promised_watts
from provisioner.services.colocation.wanted import ColocationInput
from provisioner.services.risks import gravest_first, without_timer
from provisioner.services.wishes import DeviceWishes
from provisioner.texts import say

FULL = 0.8
"""Share of a feed's power above which a plan warns."""


def risks(
    wanted: ColocationInput,
    spot: Spot,
    devices: Mapping[str, DeviceWishes],
    facts: ColocationFacts,
    hosts: Mapping[str, Host],
    ledger: Ledger,
) -> tuple[Risk, ...]:
    """The risks, gravest first."""
    return gravest_first(
        *_of_switches(devices, facts, hosts),
        *_of_power(wanted, spot, ledger),
        *_of_the_server(wanted, spot),
    )


def _of_switches(
    devices: Mapping[str, DeviceWishes], facts: ColocationFacts, hosts: Mapping[str, Host]
) -> Iterator[Risk]:
    changed = (name for name, device in devices.items() if device.added)
    yield from without_timer(changed, facts.readings, hosts)


def _of_power(wanted: ColocationInput, spot: Spot, ledger: Ledger) -> Iterator[Risk]:
    rack = wanted.racks[spot.rack]
    for key in spot.feeds:
        feed = rack.feeds[key]
        drawn = feed.used_watts + promised_watts(ledger, spot.rack, key) + wanted.details.watts
        if drawn > FULL * (feed.budget + feed.used_watts):
            yield Risk(
                "medium",
                say(
                    "Feed %(feed)s of rack %(rack)s would be used to more than %(share)d percent.",
                    feed=key,
                    rack=rack.title,
                    share=round(FULL * 100),
                ),
            )
    if wanted.details.power_feeds == 1:
        yield Risk(
            "medium",
            say("The server hangs on one power feed: it stops when that feed fails or is worked "
                "on."),
        )  # fmt: skip


def _of_the_server(wanted: ColocationInput, spot: Spot) -> Iterator[Risk]:
    details = wanted.details
    if details.delivery_on is None:
        yield Risk(
            "low",
            say("No day of delivery is known: the work waits until the server is there."),
        )
    if details.weight_kg is None:
        yield Risk("low", say("The weight is not known; lift the server by two persons."))
    if not wanted.tcp_ports:
        yield Risk(
            "low",
            say("No service was named: the proof only shows that something answers at the "
                "address."),
        )  # fmt: skip
    if wanted.heavy and spot.units[0] > wanted.racks[spot.rack].units // 2:
        yield Risk("medium", say("The server is heavy and only a place high in the rack is free."))
