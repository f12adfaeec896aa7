"""What it means when the play of a guest's baseline does not come to its end."""

from __future__ import annotations

import re

from provisioner.drivers.ansible.runner import Verdict
from provisioner.errors import ActionNeeded, Retriable, StepFailure
from provisioner.texts import Message, say

_UNTRUSTED = re.compile(r"Host key verification failed|host key is known for|IDENTIFICATION HAS")
_DENIED = re.compile(r"Permission denied \(|Too many authentication failures")
_NO_SUDO = re.compile(r"sudo\b|privilege escalation|privilege output|become", re.IGNORECASE)
_NO_PYTHON = re.compile(
    r"interpreter .{0,80}was not found|no python interpreters? found|python3?: not found"
    r"|minimum of Python",
    re.IGNORECASE,
)
_FULL = re.compile(r"No space left on device|Failed to create temporary directory|enough free")
_BUSY = re.compile(r"[Cc]ould not get lock|[Ff]ailed to lock apt|frontend lock")
_MIRROR = re.compile(r"[Ff]ailed to update apt cache|Failed to fetch|Unable to fetch")
_LINES = 30
"""Lines of what the task said that a failure carries."""


def failure(where: str, verdict: Verdict) -> StepFailure | None:
    """What went wrong at one guest, or None; all may be tried again, as the play is repeatable."""
    if verdict.fate in ("ok", "changed"):
        return None
    log = _log(verdict)
    said = "\n".join(log)
    if verdict.fate == "unknown":
        return _too_slow(where, log)
    if _UNTRUSTED.search(said):
        return _stranger(where, log)
    if _FULL.search(said):
        return _for_technician(
            say("%(where)s has no space left.", where=where),
            say("Make room on the server or give it a larger disk, then choose retry."),
            log,
        )
    if _NO_PYTHON.search(said):
        return _for_technician(
            say("%(where)s has no Python 3 that Ansible can use.", where=where),
            say("Install python3 on the server, better in the template, then choose retry."),
            log,
        )
    if verdict.fate == "unreachable" and "privilege escalation" not in said:
        return _no_session(where, log, denied=bool(_DENIED.search(said)))
    if _BUSY.search(said):
        return _busy(where, log)
    if _MIRROR.search(said):
        return _no_packages(where, log)
    return _known(where, verdict, log) or _for_technician(
        say("%(where)s: the task “%(task)s” failed.", where=where, task=verdict.task),
        say("Read the log and mend it on the server, then choose retry; what is done stays."),
        log,
    )


def _log(verdict: Verdict) -> list[str]:
    """What the task said at the end: its message, then its output."""
    last = verdict.answers[-1] if verdict.answers and verdict.fate == "failed" else {}
    parts = [verdict.message, *(str(last.get(name) or "") for name in ("stdout", "stderr"))]
    lines = [line for part in parts for line in part.splitlines() if line.strip()]
    return lines[-_LINES:]


def _known(where: str, verdict: Verdict, log: list[str]) -> StepFailure | None:
    """What the play itself refuses, and missing rights."""
    word, _, rest = verdict.message.partition(" ")
    if word == "prov-family":
        return _for_technician(
            say("%(where)s runs %(system)s.", where=where, system=rest),
            say(
                "The baseline is for Debian and Ubuntu only. Stop the run and ask for another "
                "image, or take the baseline out of the catalogue."
            ),
            log,
        )
    if word == "prov-zone":
        return _for_technician(
            say("%(where)s does not know the time zone %(zone)s.", where=where, zone=rest),
            say("Correct `time_zone` of the baseline in the catalogue, then plan anew."),
            log,
        )
    if word == "prov-root":
        return _for_technician(
            say("%(where)s is entered as root, which the baseline forbids.", where=where),
            say(
                "Use a template whose cloud-init makes a user with sudo, or allow `root_login` in "
                "the baseline."
            ),
            log,
        )
    if word == "prov-rules":
        return _for_technician(
            say("%(where)s: its SSH server does not take the office's rules.", where=where),
            say(
                "They were taken away again. Look for files in /etc/ssh that say otherwise, then "
                "choose retry."
            ),
            log,
        )
    if _NO_SUDO.search(verdict.message):
        return _for_technician(
            say("%(where)s: sudo gives no root rights to the user we log in as.", where=where),
            say("Allow sudo without a password for this user on the server, then choose retry."),
            log,
        )
    return None


def _for_technician(what: Message, next: Message, log: list[str]) -> StepFailure:
    return ActionNeeded(
        what,
        meaning=say("The server runs, but does not keep to the office's baseline yet."),
        next=next,
        log=log,
    )


def _stranger(where: str, log: list[str]) -> StepFailure:
    return ActionNeeded(
        say("%(where)s shows another SSH host key than the one on record.", where=where),
        meaning=say(
            "Another machine may answer at this address, or the server was installed anew. "
            "Nobody logged in."
        ),
        next=say(
            "Compare the host key on the server's own console. "
            "If it is right, trust it with `provisioner trust`, then retry."
        ),
        log=log,
        who="administrator",
    )


def _no_session(where: str, log: list[str], denied: bool) -> StepFailure:
    what = (
        say("%(where)s does not accept the office's key.", where=where)
        if denied
        else say("No SSH session with %(where)s.", where=where)
    )
    return Retriable(
        what,
        meaning=say("The server is restarting or was cut off; what is done stays."),
        next=say("Nothing to do: it is tried again by itself."),
        log=log,
        after=5,
    )


def _busy(where: str, log: list[str]) -> StepFailure:
    return Retriable(
        say("%(where)s is installing something else.", where=where),
        meaning=say("A new server often updates itself first."),
        next=say("Nothing to do: it is tried again by itself."),
        log=log,
        after=60,
    )


def _no_packages(where: str, log: list[str]) -> StepFailure:
    return Retriable(
        say("%(where)s cannot fetch packages.", where=where),
        meaning=say("Its mirror of packages, or the proxy to it, does not answer."),
        next=say("See that it reaches them; it is tried again by itself."),
        log=log,
        after=60,
    )


def _too_slow(where: str, log: list[str]) -> StepFailure:
    return Retriable(
        say("%(where)s was not at the baseline in time.", where=where),
        meaning=say("The server or its mirror of packages is slow; what is done stays."),
        next=say("Nothing to do: it is tried again by itself."),
        log=log,
        after=60,
    )
