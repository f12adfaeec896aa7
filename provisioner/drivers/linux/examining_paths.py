"""The way out, pings and names, of what ``examine.sh`` said."""

from __future__ import annotations

import re

from provisioner.drivers.linux.scripting import Answer
from provisioner.drivers.linux.state import records
from provisioner.drivers.network import NameResult, PingResult

_ROUTE = re.compile(r"^default(?: via (\S+))?(?:.*? dev (\S+))?", re.MULTILINE)
_METRIC = re.compile(r" metric (\d+)")
_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")
_AVERAGE = re.compile(r"= *[\d.]+/([\d.]+)/")
_STATUS = re.compile(r"status: (\w+)")
_DUG = re.compile(r"^\S+\s+\d+\s+IN\s+A\s+(\d+\.\d+\.\d+\.\d+)\s*$", re.MULTILINE)
_LOOKED_UP = re.compile(
    r"(?:^Address(?: \d+)?:\s*|has address )(\d+\.\d+\.\d+\.\d+)(?!\S)", re.MULTILINE
)


def gateway(answer: Answer) -> tuple[str, str]:
    """The next hop and the interface of the default route that counts; '' without one."""

    def weight(line: str) -> int:
        match = _METRIC.search(line)
        return int(match[1]) if match else 0

    lines = [line for line in answer.blocks.get("routes", "").splitlines() if line.strip()]
    match = _ROUTE.match(min(lines, key=weight)) if lines else None
    return (match[1] or "", match[2] or "") if match else ("", "")


def resolvers(answer: Answer) -> tuple[str, ...]:
    """Whom the host asks for names."""
    words = (line.strip() for line in answer.blocks.get("resolvers", "").splitlines())
    return tuple(dict.fromkeys(word for word in words if word))


def ping_result(address: str, answer: Answer) -> PingResult | None:
    """None where it did not come to it.

    A host answers itself at an address of an interface that is switched off; nobody else hears it.
    """
    text = answer.blocks.get(f"ping {address}")
    if text is None:
        return None
    counts = _COUNTS.search(text)
    if counts is None:  # it did not even send: no way there
        return PingResult(address, 3, 0)
    if address in _switched_off(answer):
        return PingResult(address, int(counts[1]), 0)
    average = _AVERAGE.search(text)
    return PingResult(
        address, int(counts[1]), int(counts[2]), float(average[1]) if average else None
    )


def _switched_off(answer: Answer) -> set[str]:
    """Addresses that are on no interface but such that are switched off."""
    held: dict[bool, set[str]] = {True: set(), False: set()}
    for record in records(answer.blocks.get("addresses", "")):
        told = (each.get("local", "") for each in record.get("addr_info", ()))
        held["UP" in record.get("flags", ())].update(told)
    return held[False] - held[True]


def name_result(name: str, answer: Answer) -> NameResult | None:
    """What the last of the resolvers that were asked said."""
    text = answer.blocks.get(f"name {name}")
    if text is None:
        return None
    server, _, said = text.rpartition("prov-server ")[2].partition("\n")
    status = _STATUS.search(said)
    # nslookup names the server that it asks first, with its address
    body = said.partition("\n\n")[2] if "Server:" in said else said
    addresses = tuple(dict.fromkeys(_DUG.findall(said) or _LOOKED_UP.findall(body)))
    if addresses:
        return NameResult(name, addresses)
    if status:
        why = "no address" if status[1] == "NOERROR" else status[1]
    else:
        words = [line.strip(" ;") for line in said.splitlines() if line.strip(" ;")]
        why = words[-1] if words else "no answer"
    return NameResult(name, (), f"{server}: {why}")
