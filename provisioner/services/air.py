"""What has to hold on the air before one more wireless network is announced there; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import NoReturn

from provisioner.drivers.network import Reading
from provisioner.errors import Conflict
from provisioner.plans.model import Risk
from provisioner.plans.refusals import NO_CAPACITY, refuse
from provisioner.services.booking import Bookings, Window, window_of
from provisioner.texts import Message, say

BANDS = 2
"""Radios of an access point: 2.4 and 5 GHz."""
FAR_ABOVE = 2
"""So many times the users of all radios are not a risk any more: it cannot work."""
ALWAYS = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def check_unheard(
    number: str, ssid: str, readings: Mapping[str, Reading], hosts: Iterable[str], books: Bookings
) -> None:
    """Raise Conflict where a name is on the air that is neither ours nor another request's."""
    for host in hosts:
        reading = readings[host]
        own = reading.objects.get(f"ssid {number}") is not None
        if ssid in reading.announced and not own and not books.announcers(host, ssid):
            refuse(
                say(
                    'The access point %(device)s already announces a WiFi named "%(ssid)s" that '
                    "is not ours. Ask the department for another name.",
                    device=host,
                    ssid=ssid,
                ),
                pointer="/details/ssid",
                device=host,
            )


def check_unique(ssid: str, hosts: Iterable[str], books: Bookings, window: Window) -> None:
    """Raise Conflict when another request has the same name at an access point at that time."""
    for host in hosts:
        if others := sorted(books.namesakes(host, ssid, window)):
            refuse_name(others[0], ssid)


def refuse_name(number: str, ssid: str) -> NoReturn:
    """Raise Conflict: another request announces that name there."""
    refuse(
        say(
            'Request %(number)s announces a WiFi named "%(ssid)s" at the same place and time. Ask '
            "the department for another name.",
            number=number,
            ssid=ssid,
        ),
        pointer="/details/ssid",
        request=number,
    )


def check_room(
    hosts: Iterable[str], limit: int, books: Bookings, window: Window, zone: tzinfo
) -> None:
    """Raise Conflict when an access point has as many networks at that time as it may have."""
    for host in hosts:
        others = books.most_at_once(host, window)
        if len(others) >= limit:
            raise Conflict(
                say(
                    "The access point %(device)s has %(count)d events at that time already, and "
                    "%(limit)d is the most: %(requests)s. Choose another time or place.",
                    device=host,
                    count=len(others),
                    limit=limit,
                    requests=until_when(((c.owner, window_of(c.amounts)) for c in others), zone),
                ),
                slug=NO_CAPACITY,
                extra={"device": host, "requests": [claim.owner for claim in others]},
            )


def check_crowd(users: int, access_points: int, each: int) -> None:
    """Raise Conflict(``no-capacity``) when the radios cannot serve so many users at all."""
    most = access_points * each * BANDS * FAR_ABOVE
    if users > most:
        raise Conflict(
            say(
                "%(users)d users are far more than %(aps)d access points can serve, which is "
                "%(limit)d at the very most. Enter more access points, or ask for fewer users.",
                users=users,
                aps=access_points,
                limit=most,
            ),
            slug=NO_CAPACITY,
            extra={"pointer": "/details/expected_users", "users": users, "limit": most},
        )


def crowd(users: int, access_points: int, limit: int) -> Iterable[Risk]:
    """What so many users mean for the radios; ``limit``: users of one access point."""
    each = -(-users // access_points)
    if each > limit:
        yield Risk(
            "high" if each > limit * BANDS else "medium",
            say(
                "%(users)d users on %(aps)d access points are %(each)d for each; above %(limit)d "
                "it becomes slow for all. More access points would help.",
                users=users,
                aps=access_points,
                each=each,
                limit=limit,
            ),
        )


def openness(security: str, *, isolated: bool) -> Iterable[Risk]:
    """What the kind of security means."""
    if security == "open":
        yield Risk(
            "medium",
            say(
                "The network is open: everybody near the place can use it and listen to what is "
                "not encrypted."
            ),
        )
    if security == "wpa3-personal":
        yield Risk("low", say("Older telephones and laptops cannot join a WPA3 network."))
    if not isolated and security == "open":
        yield Risk("medium", say("Guests of the open network can reach each other's devices."))


def interrupted(hosts: Iterable[str]) -> Risk:
    """What a change means for those who use other networks of these access points."""
    return Risk(
        "low",
        say(
            "Devices that use other WiFi networks of %(aps)s lose their connection for some "
            "seconds when this one is switched on and off.",
            aps=", ".join(hosts),
        ),
    )


def until_when(takers: Iterable[tuple[str, Window]], zone: tzinfo) -> Message:
    """Who has it, and until when each: “WIFI-2026-0001 (25 Nov 2026 08:00 WIB), …”."""
    values: dict[str, object] = {}
    for n, (who, window) in enumerate(takers):
        end = "-" if window.end == ALWAYS.end else window.end.astimezone(zone)
        values |= {f"who{n}": who, f"end{n}": end}
    places = (f"%(who{n})s (%(end{n})s)" for n in range(len(values) // 2))
    return Message(", ".join(places), values)
