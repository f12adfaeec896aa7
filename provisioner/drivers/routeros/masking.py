"""What a router says, without what nobody may see: secrets masked, volatile lines left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from provisioner.drivers.routeros.syntax import joined_lines, quoted

MASK = "<masked>"

_SECRET = re.compile(
    r"(?P<name>\b(?:[a-z0-9.-]*(?:password|passphrase|secret|pre-shared-key|private-key|psk)"
    r"|wpa2?-[a-z-]*key|authentication-key|tcp-md5-key|md5-key|auth-key|private-pre-shared-key"
    r"|(?:static|transmit)-[a-z0-9-]*key[0-9-]*|(?<!public-)key|supplicant-password|web-proxy-key|pin))="
    r"(?P<value>\\\"[^\"]*\\\"|\"(?:[^\"\\]|\\.)*\"|[^\s\"\]};\\]+)",
    re.IGNORECASE,
)
_COMMUNITIES = "/snmp community"
_COMMUNITY = re.compile(r"(?P<name>\bname)=(?:\"(?:[^\"\\]|\\.)*\"|\S+)")
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:\"]+:[^\s/@\"]+(?=@)")
_EMPTY = ('""', "")
_VOLATILE = re.compile(r"^#")
TIMERS = "PROV-(?:undo|timer|boot)-"
"""How the names of our own timer and its script begin."""
_OURS = re.compile(rf"^/system (?:script|scheduler) add .*\bname=\"?{TIMERS}")


def masked(text: str, secrets: Iterable[str | None] = ()) -> str:
    """``text`` without the given secrets (also as the console writes them) and without what
    stands where RouterOS keeps one."""
    known = {secret for secret in secrets if secret}
    known |= {quoted(secret)[1:-1] for secret in known}
    known |= {quoted(secret)[1:-1] for secret in known}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    lines, where = [], ""
    for line in text.split("\n"):
        where = line if line.startswith("/") else where
        lines.append(_line(line, of_community=where.startswith(_COMMUNITIES)))
    return "\n".join(lines)


def _line(line: str, *, of_community: bool) -> str:
    line = _IN_ADDRESS.sub(MASK, line)
    if of_community:
        line = _COMMUNITY.sub(rf"\g<name>={MASK}", line, count=1)
    return _SECRET.sub(_hidden, line)


def _hidden(found: re.Match[str]) -> str:
    return found[0] if found["value"] in _EMPTY else f"{found['name']}={MASK}"


def steady(export: str) -> str:
    """An export without what changes by itself, serial numbers, and our own timer."""
    kept = [
        line.rstrip()
        for line in joined_lines(export)
        if line.strip() and not _VOLATILE.match(line) and not _OURS.match(line)
    ]
    return "".join(f"{line}\n" for line in kept)
