"""The dead-man timer of a router: a script of ours with the way back, and what starts it.

Two schedulers start it: one when the minutes are over, one at the next boot, because a router
without a clock of its own would not know after a reboot when they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioner.drivers.routeros.configuration import Item
from provisioner.drivers.routeros.session import Session
from provisioner.drivers.routeros.syntax import duration, quoted
from provisioner.drivers.routeros.texts import parsed
from provisioner.drivers.sessions.terminal import RejectedError

_SCRIPT, _SCHEDULER = "/system script", "/system scheduler"
_UNDO, _TIMER, _BOOT = "PROV-undo-", "PROV-timer-", "PROV-boot-"
_PIECE = 150
"""Characters of the source that are typed at once."""
_TOKEN = re.compile(r"[A-Za-z0-9._:-]{1,100}")


def script(undo: Sequence[str], token: str) -> str:
    """What the timer does: every line of the way back, whatever became of the others; then it
    takes itself away."""
    failing = ':log warning "provisioner: not taken back"'
    lines = [f":do {{ {parsed(line).typed()} }} on-error={{ {failing} }}" for line in undo]
    return "\n".join([*lines, *_removing(token)])


def arming(undo: Sequence[str], token: str) -> list[str]:
    """What is typed to lay the script down; the timers follow once it is known to be whole."""
    name = quoted(_UNDO + token)
    which = f"[find where name={name}]"
    source = script(undo, token)
    pieces = [source[at : at + _PIECE] for at in range(0, len(source), _PIECE)]
    return [
        *_removing(token),
        f"{_SCRIPT} add name={name} source={quoted(pieces[0])}",
        *(
            f"{_SCRIPT} set {which} source=([{_SCRIPT} get {which} source] . {quoted(piece)})"
            for piece in pieces[1:]
        ),
    ]


def arm(session: Session, undo: Sequence[str], token: str, minutes: int) -> None:
    """Lay down the script, look that it is whole, then start the clock.

    Raises RejectedError where the router takes a part of it not, or not whole.
    """
    for line in arming(undo, token):
        session.tell(line)
    measure = f":put [:len [{_SCRIPT} get [find where name={quoted(_UNDO + token)}] source]]"
    length = session.ask(measure).strip()
    if length != str(len(script(undo, token).encode())):
        raise RejectedError(measure, length, f"the script on it has another length: {length}")
    event = quoted(f"{_SCRIPT} run {quoted(_UNDO + token)}")
    boot = f"{_SCHEDULER} add name={quoted(_BOOT + token)} start-time=startup on-event={event}"
    timer = f"{_SCHEDULER} add name={quoted(_TIMER + token)} interval={duration(minutes * 60)}"
    session.tell(boot)
    session.tell(f"{timer} on-event={event}")


def disarm(session: Session, token: str) -> bool:
    """Take the timer away; whether it, or only its twin, still stood."""
    names = " or ".join(f"name={quoted(kind + token)}" for kind in (_TIMER, _BOOT))
    stood = session.ask(f":put [:len [{_SCHEDULER} find where {names}]]")
    for line in _removing(token):
        session.tell(line)
    return stood.strip() in ("1", "2")


def fire(session: Session, token: str, seconds: float) -> None:
    """Do now what the timer would do, itself taken away in the end."""
    session.ask(f"{_SCRIPT} run {quoted(_UNDO + token)}", seconds)


def is_sound(token: str) -> bool:
    """Whether the token may be part of a name."""
    return _TOKEN.fullmatch(token) is not None


def running(items: Sequence[Item]) -> list[str]:
    """The tokens of all timers that stand there."""
    names = [item.name for item in items if item.path == _SCHEDULER]
    found = [name.removeprefix(kind) for kind in (_TIMER, _BOOT) for name in names
             if name.startswith(kind)]  # fmt: skip
    return list(dict.fromkeys(found))


def clear_away(session: Session, items: Sequence[Item]) -> bool:
    """Remove scripts that nothing starts any more: a session broke before their clock ran.

    Returns whether there were any.
    """
    tokens = [
        item.name.removeprefix(_UNDO)
        for item in items
        if item.path == _SCRIPT and item.name.startswith(_UNDO)
    ]
    rests = [token for token in tokens if token not in running(items)]
    for token in rests:
        session.tell(f"{_SCRIPT} remove [find where name={quoted(_UNDO + token)}]")
    return bool(rests)


def laid_down(items: Sequence[Item], token: str) -> bool:
    """Whether the way back lies there."""
    return any(item.path == _SCRIPT and item.name == _UNDO + token for item in items)


def _removing(token: str) -> list[str]:
    return [
        f"{menu} remove [find where name={quoted(kind + token)}]"
        for menu, kind in ((_SCHEDULER, _TIMER), (_SCHEDULER, _BOOT), (_SCRIPT, _UNDO))
    ]
