"""What helps on an OpenWrt device without changing what is set up."""

from __future__ import annotations

import re

from provisioner.drivers.linux.remedying import our_way
from provisioner.drivers.linux.scripting import Answer, alone
from provisioner.drivers.linux.session import CutShortError
from provisioner.drivers.network import (
    BouncePort,
    CyclePower,
    DropLease,
    EnablePort,
    Host,
    Remedied,
    Remedy,
    RestartRadio,
)
from provisioner.drivers.openwrt.session import PACKAGE, Session
from provisioner.drivers.sessions import failures
from provisioner.errors import Refused, StepFailure
from provisioner.texts import say

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}")


def carry_out(host: Host, session: Session, remedy: Remedy) -> Remedied:
    """On a host of that name only. Raises StepFailure."""
    text = alone(PACKAGE, "remedy", {"hostname": host.name.lower(), **_given(host, remedy)})
    try:
        answer = Answer.parsed(session.run(text))
        why = "" if answer.whole else "the device closed the session"
    except CutShortError as error:
        answer, why = Answer.parsed(error.said), str(error)
    did = answer.values.get("did", [])
    if why and answer.one("hostname"):
        raise failures.unknown(host, why, did)
    if why:
        raise failures.cut_before_work(host, why, ())
    if word := answer.one("failed"):
        raise _refusal(host, word, answer.blocks.get("failed", "").strip(), did)
    return Remedied("\n".join(did))


def _given(host: Host, remedy: Remedy) -> dict[str, str]:
    match remedy:
        case BouncePort(port):
            return {"remedy": "bounce", "port": _name("port", port)}
        case EnablePort(port):
            return {"remedy": "enable", "port": _name("port", port)}
        case CyclePower(port):
            return {"remedy": "power", "port": _name("port", port)}
        case RestartRadio(radio):
            return {"remedy": "radio", "port": _name("radio", radio) if radio else ""}
        case DropLease():  # dnsmasq would write its file anew from what it remembers
            raise _impossible(host)


def _name(what: str, text: str) -> str:
    if not _NAME.fullmatch(text):
        raise failures.not_said(what, text)
    return text


def _refusal(host: Host, word: str, said: str, did: list[str]) -> StepFailure:
    match word:
        case "hostname":
            return failures.another_name(host, said)
        case "ours":
            return our_way(host, said)
        case "absent":
            return failures.not_there(host.name, say("it has no %(name)s.", name=said))
        case "staged":
            return failures.busy(host, [said])
    return failures.rejected(host, did[-1] if did else said, said, did)


def _impossible(host: Host) -> StepFailure:
    return Refused(
        say("%(host)s cannot forget a lease by itself.", host=host.name),
        meaning=say("Nothing was changed on it."),
        next=say("Wait until the lease ends, or choose another remedy."),
    )
