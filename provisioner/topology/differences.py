"""Where network.yml and what the devices see do not agree, and what to write; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from provisioner.catalogue.network_fields import Port
from provisioner.drivers.network import Host, PortState, Survey
from provisioner.texts import Message, say
from provisioner.topology.cables import Ambiguous, Cable, Seen, Stranger, meets, seen_cables
from provisioner.topology.names import port_key

Kind = Literal["not_in_file", "not_there", "other_port", "unknown_device", "ambiguous"]
Link = tuple[Port, Port]


@dataclass(frozen=True)
class Difference:
    """One difference; ``enter`` and ``remove`` are whole lines under ``links`` of network.yml.

    ``sure`` False: told by learned addresses alone.
    """

    kind: Kind
    ends: tuple[Port, ...]
    text: Message
    enter: str | None = None
    remove: tuple[str, ...] = ()
    sure: bool = True

    @property
    def key(self) -> str:
        """The same for the same difference at the next look."""
        return f"{self.kind} " + " ".join(":".join(end) for end in self.ends)


@dataclass(frozen=True)
class Unchecked:
    """A cable of the file of which nobody can say whether it is there."""

    link: Link
    why: Message


@dataclass(frozen=True)
class Comparison:
    """All differences, and how many cables of the file are proven to be there."""

    differences: tuple[Difference, ...]
    agreed: int
    unchecked: tuple[Unchecked, ...]


def compare(
    links: Sequence[Link], surveys: Mapping[str, Survey], hosts: Mapping[str, Host]
) -> Comparison:
    """Compare the cables of network.yml with surveys of its devices.

    A cable of the file counts as not there only where it would have been heard: both of its
    devices take part in LLDP, CDP or MNDP, or a port of it has no link.
    """
    seen = seen_cables(surveys, hosts)
    agreed = [link for link in links if any(cable.joins(*link) for cable in seen.cables)]
    open_links = [link for link in links if link not in agreed]
    fresh = [c for c in seen.cables if not any(c.joins(*link) for link in agreed)]
    found: list[Difference] = []
    for cable in fresh:
        between = [link for link in open_links if _same_devices(cable, link)]
        same = max(between, key=lambda link: _shared(cable, link), default=None)
        if same is not None:
            open_links.remove(same)
            found.append(_other_port(cable, same))
            continue
        clashing = [link for link in open_links if _clash(cable, link)]
        open_links = [link for link in open_links if link not in clashing]
        found.append(_not_in_file(cable, clashing))
    hinted = [link for link in open_links if any(hint.joins(*link) for hint in seen.hints)]
    unchecked: list[Unchecked] = []
    for link in open_links:
        if link in hinted:
            continue
        verdict = _missing(link, seen, surveys)
        if isinstance(verdict, Difference):
            found.append(verdict)
        else:
            unchecked.append(verdict)
    found += _of_hints(seen, links)
    found += map(_unknown, seen.strangers)
    found += map(_ambiguous, seen.ambiguous)
    return Comparison(tuple(found), len(agreed) + len(hinted), tuple(unchecked))


def line(one: Port, other: Port) -> str:
    """A cable as network.yml writes it, under ``links``."""
    return f"  - {json.dumps([':'.join(one), ':'.join(other)])}"


def _same_devices(cable: Cable, link: Link) -> bool:
    return {end.device for end in cable.ends} == {end.device for end in link}


def _shared(cable: Cable, link: Link) -> int:
    return sum(meets(end, there) for end in cable.ends for there in link)


def _clash(cable: Cable, link: Link) -> bool:
    """A port can have one cable only."""
    return any(end.port and meets(end, there) for end in cable.ends for there in link)


def _other_port(cable: Cable, link: Link) -> Difference:
    one, other = _in_order(cable, link)
    filled = tuple(
        Port(e.device, e.port or there.port) for e, there in zip((one, other), link, strict=True)
    )
    return Difference(
        "other_port",
        filled,
        say(
            "The cable between %(one)s and %(other)s is in other ports than network.yml says: "
            "%(seen)s instead of %(written)s.",
            one=one.device,
            other=other.device,
            seen=_told(*filled),
            written=_told(*link),
        ),
        line(filled[0], filled[1]),
        (line(*link),),
    )


def _in_order(cable: Cable, link: Link) -> Link:
    """The ends of the cable in the order of the file."""
    return cable.ends if cable.one.device == link[0].device else (cable.other, cable.one)


def _not_in_file(cable: Cable, clashing: Sequence[Link]) -> Difference:
    whole = all(end.port for end in cable.ends)
    text = say(
        "%(one)s is connected to %(other)s, which network.yml does not say.",
        one=_end(cable.one),
        other=_end(cable.other),
    )
    if clashing:
        text = say(
            "%(text)s It says instead: %(written)s.",
            text=text,
            written="; ".join(_told(*link) for link in clashing),
        )
    if not whole:
        text = say(
            "%(text)s One of the two ports is not known; look there and complete the line.",
            text=text,
        )
    one, other = (Port(end.device, end.port or "PORT") for end in cable.ends)
    removed = tuple(line(*link) for link in clashing)
    return Difference("not_in_file", cable.ends, text, line(one, other), removed)


def _missing(link: Link, seen: Seen, surveys: Mapping[str, Survey]) -> Difference | Unchecked:
    states = [(end, state) for end in link if (state := _state(end, surveys)) is not None]
    down = [end for end, state in states if not state.up]
    if down and len(down) < len(states):
        why = say(
            "Port %(port)s of %(device)s has no link, but the port at the other end has one.",
            port=down[0].port,
            device=down[0].device,
        )
        return Unchecked(link, why)
    if down:
        text = say(
            "The cable %(link)s of network.yml is not there: port %(port)s of %(device)s has no "
            "link.",
            link=_told(*link),
            port=down[0].port,
            device=down[0].device,
        )
        return Difference("not_there", link, text, None, (line(*link),))
    silent = [end.device for end in link if end.device not in seen.speaking]
    if silent:
        why = say(
            "%(device)s does not say who its neighbours are (LLDP is off, or it did not answer).",
            device=silent[0],
        )
        return Unchecked(link, why)
    near = [end for end in link if end.device in surveys]
    if not near:
        return Unchecked(link, say("Neither of the two devices could be asked."))
    mixed = [one for one in seen.ambiguous if any(meets(one.near, end) for end in link)]
    if mixed:
        why = say(
            "Port %(port)s of %(device)s hears several devices.",
            port=mixed[0].near.port,
            device=mixed[0].near.device,
        )
        return Unchecked(link, why)
    text = say(
        "The cable %(link)s of network.yml is not there: neither device hears the other on it.",
        link=_told(*link),
    )
    return Difference("not_there", link, text, None, (line(*link),))


def _state(end: Port, surveys: Mapping[str, Survey]) -> PortState | None:
    survey = surveys.get(end.device)
    ports = survey.ports if survey else {}
    return next((s for name, s in ports.items() if port_key(name) == port_key(end.port)), None)


def _of_hints(seen: Seen, links: Sequence[Link]) -> Iterator[Difference]:
    """Devices that are on no cable of the file, found by their addresses."""
    on_file = {end.device for link in links for end in link}
    heard = {end.device for cable in seen.cables for end in cable.ends}
    for hint in seen.hints:
        far = hint.other.device
        taken = any(meets(hint.one, end) for link in links for end in link)
        if far in on_file or far in heard or taken:
            continue
        text = say(
            "%(device)s seems to be connected to %(near)s: its address is learned there. "
            "It stands on no cable of network.yml.",
            device=far,
            near=_end(hint.one),
        )
        yield Difference(
            "not_in_file", hint.ends, text, line(hint.one, Port(far, "PORT")), sure=False
        )


def _unknown(one: Stranger) -> Difference:
    about = ", ".join(filter(None, (one.platform, one.address))) or "-"
    text = say(
        "%(near)s hears %(device)s (%(about)s), which is not in the inventory. If it is ours, "
        "enter it there and its cable here.",
        near=_end(one.near),
        device=one.device,
        about=about,
    )
    far = Port(one.device, one.port or "PORT")
    return Difference(
        "unknown_device", (one.near, Port(one.device, one.port)), text, line(one.near, far)
    )


def _ambiguous(one: Ambiguous) -> Difference:
    text = say(
        "%(near)s hears several devices: %(devices)s. Something without a voice (a small switch, "
        "a media converter) lies between; enter the cables by hand.",
        near=_end(one.near),
        devices=", ".join(one.devices),
    )
    return Difference("ambiguous", (one.near, *(Port(name, "") for name in one.devices)), text)


def _end(end: Port) -> str:
    return f"{end.device}:{end.port or '?'}"


def _told(one: Port, other: Port) -> str:
    return f"{_end(one)} – {_end(other)}"
