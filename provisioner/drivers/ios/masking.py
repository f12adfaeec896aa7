"""What a switch says, without what nobody may see: secrets masked, volatile lines left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "<masked>"

_REST_OF_LINE = re.compile(
    r"(?P<word>\b(?:password|secret|key-string|pre-shared-key|passphrase|set-key|wpa-psk"
    r"|authentication-key|shared-secret)(?: (?:ascii|hex|md5|encrypted))?(?: \d{1,2})?) [^\r\n]+",
    re.IGNORECASE,
)
_ONE_WORD = re.compile(
    r"(?P<word>\bsnmp-server community"
    r"|\bsnmp-server host \S+(?: (?:vrf \S+|informs|traps|version (?:1|2c|3 \w+)))*"
    r"|\bauth (?:md5|sha\S*)|\bpriv (?:des|3des|aes(?: \d+)?)"
    r"|\bmessage-digest-key \d+ md5(?: \d)?|\bauthentication-key \d+ md5"
    r"|\bauthentication md5 key-string(?: \d)?"
    r"|\b(?:standby|vrrp|glbp) \d+ authentication(?: text)?(?! (?:md5|text)\b)"
    r"|\bip nhrp authentication"
    r"|\bkey(?: [067])?(?! (?:chain|generate|config-key|zeroize)\b)) \S+",
    re.IGNORECASE,
)
_SUSPECT = re.compile(r"password|secret|key|psk|community|phrase|auth|snmp-s|://", re.IGNORECASE)
"""What any line with a secret holds; most lines do not, and are done with quickly."""
_IN_ADDRESS = re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)")
_OURS_TO_SHOW = re.compile(r"^ +(?:description|name|remark) ")

_VOLATILE = re.compile(
    r"^(?:Building configuration|Current configuration|Using \d+ out of|Load for five secs"
    r"|Time source is|! Last configuration change|! NVRAM config last updated"
    r"|! No configuration change since|ntp clock-period)"
)


def masked(text: str, secrets: Iterable[str | None] = ()) -> str:
    """``text`` without the given secrets and without what stands where IOS keeps one.

    Needs the whole text at once: a secret may arrive in two pieces.
    """
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return "\n".join(map(_line, text.split("\n")))


def _line(line: str) -> str:
    if not _SUSPECT.search(line) or _OURS_TO_SHOW.match(line):
        return line
    line = _IN_ADDRESS.sub(MASK, line)
    for pattern in (_REST_OF_LINE, _ONE_WORD):
        line = pattern.sub(lambda found: f"{found['word']} {MASK}", line)
    return line


def steady(text: str) -> str:
    """A running or startup configuration without the lines that change by themselves."""
    lines = [line.rstrip() for line in text.split("\n") if not _VOLATILE.match(line)]
    while lines and lines[0] in ("", "!"):
        del lines[0]
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join([*lines, ""]) if lines else ""
