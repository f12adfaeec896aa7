"""What the scripts of access_point.yml answer, and what their failures mean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.drivers.ansible.runner import Verdict
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable, StepFailure
from provisioner.texts import Message, say

_UNTRUSTED = re.compile(r"Host key verification failed|host key is known for|IDENTIFICATION HAS")
_DENIED = re.compile(r"Permission denied|Invalid/incorrect password")
_NOT_BEGUN = re.compile(
    r"Connection refused|No route to host|Network is unreachable|Could not resolve|"
    r"connect to host \S+ port \d+:|Connection timed out|kex_exchange_identification|"
    r"banner exchange|Connection (closed|reset) by \S+ port|no matching (host key|key exchange)"
)
_TAIL = 12
"""Lines of what was said that a failure carries."""


@dataclass
class Answer:
    """One script's answer: single values by word, and blocks of text behind ``word argument``."""

    values: dict[str, list[str]] = field(default_factory=dict)
    blocks: dict[tuple[str, str], str] = field(default_factory=dict)
    whole: bool = False
    """Whether it came to its end."""

    def one(self, word: str) -> str:
        """The last value of a word, '' where it was not said."""
        return self.values.get(word, [""])[-1]


def answer(verdict: Verdict) -> Answer:
    """The last script's answer; lines of a block begin with a space, so none can be mistaken."""
    found = Answer()
    said = [str(each["stdout"]) for each in verdict.answers if "stdout" in each]
    text = said[-1] if said else ""
    block: tuple[str, str] | None = None
    for line in text.split("\n"):
        if line == "prov-end":
            found.whole = True
        elif line.startswith("prov-"):
            word, _, value = line.removeprefix("prov-").rstrip("\r").partition(" ")
            found.values.setdefault(word, []).append(value)
            block = (word, value)
        elif line.startswith(" ") and block is not None:
            found.blocks[block] = found.blocks.get(block, "") + line[1:] + "\n"
    return found


def on_air(found: Answer) -> frozenset[str]:
    """SSIDs that hostapd announces now; where it is too old to say, those of the interfaces."""
    status = [_status(text) for (word, _), text in found.blocks.items() if word == "hostapd"]
    if not any(status):
        return frozenset(filter(None, found.blocks.get(("iwinfo", "all"), "").split("\n")))
    return frozenset(s["ssid"] for s in status if "ssid" in s and s.get("status") == "ENABLED")


def _status(text: str) -> Mapping[str, Any]:
    """What `get_status` answered; empty where that is no object."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


# ---------------------------------------------------------------------- failures


def failure(host: str, verdict: Verdict, writing: bool) -> StepFailure | None:
    """What went wrong on that host, or None; ``writing``: the script would have changed it."""
    found = answer(verdict)
    log = [line for line in verdict.message.splitlines() if line.strip()][-_TAIL:]
    if verdict.fate in ("ok", "changed", "failed") and found.whole:
        if "failed" not in found.values:
            return None
        word = found.one("failed")
        return _refusal(host, word, found.blocks.get(("failed", word), "").splitlines()[-_TAIL:])
    if verdict.fate == "unreachable":
        if _UNTRUSTED.search(verdict.message):
            return _stranger(host, log)
        if _DENIED.search(verdict.message):
            return _no_entry(host, log)
        if _NOT_BEGUN.search(verdict.message) or not writing:
            return _not_there(host, log)
    if not writing:
        return _not_there(host, log)
    return OutcomeUnknown(
        say("%(host)s: the session ended before the access point had answered.", host=host),
        meaning=say("The change may have been made, in part or whole, or not at all."),
        next=say("Read the access point; its own timer takes an unconfirmed change back."),
        log=log,
    )


def _stranger(host: str, log: list[str]) -> StepFailure:
    return ActionNeeded(
        say("%(host)s shows another SSH host key than the one on record, or none is.", host=host),
        meaning=say(
            "Another machine may answer at its address, or it was set up anew. Nobody logged in."
        ),
        next=say("Compare the key on the device itself, then trust it with `provisioner trust`."),
        log=log,
        who="administrator",
    )


def _no_entry(host: str, log: list[str]) -> StepFailure:
    return ActionNeeded(
        say("%(host)s does not let the program log in.", host=host),
        meaning=say("User, key or password of the inventory are not those of the device."),
        next=say("Correct them in the inventory or on the device, then choose retry."),
        log=log,
        who="administrator",
    )


def _not_there(host: str, log: list[str]) -> StepFailure:
    return Retriable(
        say("%(host)s cannot be reached by SSH.", host=host),
        meaning=say("It is off, restarting or cut off; nothing was changed there."),
        next=say("Nothing to do: it is tried again by itself."),
        log=log,
        after=5,
    )


def _refusal(host: str, word: str, log: list[str]) -> StepFailure:
    said = (log or ["?"])[-1]
    if word == "hostname":
        return ActionNeeded(
            say("%(host)s calls itself %(name)s.", host=host, name=said),
            meaning=say("It may be another device than the inventory says; nothing was written."),
            next=say("Correct the name on the device or in the inventory, then choose retry."),
            log=log,
            who="administrator",
        )
    if word == "stranger":
        return ActionNeeded(
            say("On %(host)s a change of somebody else waits to be confirmed.", host=host),
            meaning=say("Its timer would take back ours too; nothing was written."),
            next=say("Wait until it is confirmed or taken back, then choose retry."),
            log=log,
        )
    if word == "timer":
        return no_timer(host, say("the copy or the timer could not be made"), log)
    if word == "rejected":
        return Refused(
            say("%(host)s refuses the change: %(why)s", host=host, why=said),
            meaning=say("It was tried on a copy only; its configuration is as it was."),
            next=say("Show the answer to an administrator; then plan the request anew."),
            log=log,
        )
    return ActionNeeded(
        say("%(host)s could not carry out a step: %(why)s", host=host, why=f"{word}: {said}"),
        meaning=say("Its memory or flash may be full."),
        next=say("Look at the device, then choose retry."),
        log=log,
        who="administrator",
    )


def no_timer(host: str, why: Message, log: list[str] | None = None) -> StepFailure:
    """No dead-man timer can be armed although the inventory asks for one."""
    return ActionNeeded(
        say("%(host)s cannot take a change back by itself: %(why)s", host=host, why=why),
        meaning=say("A change that cuts it off would stay; nothing was written."),
        next=say("Repair the device, or set provisioner_dead_man to best_effort for it."),
        log=log or [],
        who="administrator",
    )


NO_TIMER: Mapping[str, Message] = {
    "flash": say("its flash cannot be written"),
    "daemon": say("it has no start-stop-daemon"),
}
