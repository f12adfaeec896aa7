"""The ways in which work on a device fails, told so that whoever must act can."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.drivers.network import Host
from provisioner.errors import ActionNeeded, OutcomeUnknown, Refused, Retriable
from provisioner.texts import Message, say

_WAIT = say("Nothing to do: it is tried again by itself.")
_NOTHING = say("Nothing was changed on it.")
LOG_LINES = 12


def tail(transcript: str) -> tuple[str, ...]:
    """The last lines of a session."""
    return tuple(line for line in transcript.splitlines() if line.strip())[-LOG_LINES:]


def not_in_inventory(name: str) -> ActionNeeded:
    return ActionNeeded(
        say("%(host)s is not in the inventory.", host=name),
        meaning=_NOTHING,
        next=say("Add it to the inventory, or plan without it."),
        who="administrator",
    )


def unreachable(host: Host, why: str) -> Retriable:
    return Retriable(
        say("No session with %(host)s: %(why)s", host=host.name, why=why),
        meaning=say(
            "It does not answer, or all of its lines are taken. Nothing was changed on it."
        ),
        next=_WAIT,
        after=5,
    )


def cut_before_work(host: Host, why: str, log: Sequence[str]) -> Retriable:
    return Retriable(
        say("The session with %(host)s ended: %(why)s", host=host.name, why=why),
        meaning=_NOTHING,
        next=_WAIT,
        log=log,
        after=5,
    )


def unanswered(host: Host, why: str) -> Retriable:
    """It let us in, and then said nothing that can be used."""
    return Retriable(
        say("%(host)s does not answer after the login: %(why)s", host=host.name, why=why),
        meaning=say("It lets people in but does not carry out what it is told."),
        next=say("Look at it on its own console; a restart may be needed."),
        after=5,
    )


def strange_key(host: Host, fingerprint: str, known: bool) -> ActionNeeded:
    what = (
        say(
            "%(host)s shows another host key than the one on record: %(fingerprint)s",
            host=host.name,
            fingerprint=fingerprint,
        )
        if known
        else say(
            "The host key of %(host)s is not known: %(fingerprint)s",
            host=host.name,
            fingerprint=fingerprint,
        )
    )
    where = host.address if host.port == 22 else f"{host.address}:{host.port}"
    return ActionNeeded(
        what,
        meaning=say("Another machine may answer at this address. Nobody logged in."),
        next=say(
            "Compare the fingerprint on the device's own console. If it is right: "
            "`provisioner trust %(where)s`, then retry.",
            where=where,
        ),
        who="administrator",
    )


def no_login(host: Host) -> ActionNeeded:
    return ActionNeeded(
        say("%(host)s does not let %(user)s log in.", host=host.name, user=host.user),
        meaning=say("The user, the password or the key is wrong there. Nothing was changed on it."),
        next=say("Correct the login in the inventory or on the device, then retry."),
        who="administrator",
    )


def no_privilege(host: Host) -> ActionNeeded:
    return ActionNeeded(
        say("%(host)s does not grant the privileges to configure it.", host=host.name),
        meaning=say("The enable secret is missing or wrong. Nothing was changed on it."),
        next=say("Set ansible_become_password for it in the inventory, then retry."),
        who="administrator",
    )


def old_algorithms(host: Host, why: str) -> ActionNeeded:
    return ActionNeeded(
        say(
            "%(host)s and we have no way of encryption in common: %(why)s", host=host.name, why=why
        ),
        meaning=say("It is an old device that knows only weak encryption. Nobody logged in."),
        next=say(
            "Update its software; or accept the weakness for it alone with "
            "provisioner_legacy_crypto: true in the inventory, then retry."
        ),
        who="administrator",
    )


def another_name(host: Host, hostname: str) -> ActionNeeded:
    return ActionNeeded(
        say(
            "The device at the address of %(host)s calls itself %(hostname)s.",
            host=host.name,
            hostname=hostname or "-",
        ),
        meaning=say("It may be another device. Nothing was changed on it."),
        next=say("Correct the address or the name in the inventory, or the name on the device."),
        who="administrator",
    )


def rejected(host: Host, line: str, answer: str, log: Sequence[str]) -> Refused:
    return Refused(
        say(
            "%(host)s did not take the line “%(line)s”: %(answer)s",
            host=host.name,
            line=line.strip(),
            answer=answer,
        ),
        meaning=say("What it took before that line stands until it is taken back."),
        next=say("Look at the line and at the device; the change is taken back."),
        log=log,
    )


def unknown(host: Host, why: str, log: Sequence[str]) -> OutcomeUnknown:
    return OutcomeUnknown(
        say(
            "The session with %(host)s ended in the middle of the change: %(why)s",
            host=host.name,
            why=why,
        ),
        meaning=say("Part of the change may stand; a timer that was armed takes it back."),
        next=say("Read the device anew, then take the change back or carry it on."),
        log=log,
    )


def no_timer(
    host: Host, why: Message | str, remedy: Message, log: Sequence[str] = ()
) -> ActionNeeded:
    return ActionNeeded(
        say("%(host)s cannot take a change back by itself: %(why)s", host=host.name, why=why),
        meaning=say("Should the change cut the way to it, nobody could help. Nothing was changed."),
        next=remedy,
        log=log,
        who="administrator",
    )


def busy(host: Host, log: Sequence[str]) -> Retriable:
    return Retriable(
        say("Somebody else is configuring %(host)s at this moment.", host=host.name),
        meaning=_NOTHING,
        next=_WAIT,
        log=log,
        after=30,
    )


def strange_timer(host: Host, timer: str) -> ActionNeeded:
    return ActionNeeded(
        say("Another change on %(host)s waits for its confirmation.", host=host.name),
        meaning=say("Its timer would take ours back as well. Nothing was changed."),
        next=say("Confirm or take back that change on the device, then retry."),
        log=(timer,),
    )


def left_over(host: Host, lines: Sequence[str]) -> ActionNeeded:
    return ActionNeeded(
        say("%(host)s still holds a part of the change.", host=host.name),
        meaning=say("It was told to take it back and did not object, but it is still there."),
        next=say("Remove it on the device with the lines shown, save, then retry."),
        log=lines,
    )


def not_said(what: str, text: str) -> Refused:
    return Refused(
        say("%(text)s cannot be set as %(what)s on a device.", text=repr(text), what=what),
        meaning=say("The device would take it for something else or change it."),
        next=say("Use plain letters, digits and signs, then plan again."),
    )


def not_there(host: str, why: Message) -> Refused:
    return Refused(
        say("%(host)s: %(why)s", host=host, why=why),
        meaning=say("The change cannot be made there as planned."),
        next=say("Correct the inventory or the device, then plan again."),
    )
