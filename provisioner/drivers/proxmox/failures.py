"""What a text of the cluster stands for: the first row that knows it, else the kind of call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from provisioner.drivers.proxmox import known_texts, known_texts_of_work
from provisioner.drivers.proxmox.known_texts import LOOK, REPORT, WAIT, Row
from provisioner.errors import ActionNeeded, Refused, Retriable, StepFailure
from provisioner.texts import Message, say

ROWS = (*known_texts_of_work.ROWS, *known_texts.ROWS)
"""Read from top to bottom: what is said of one kind of work before what any work may meet."""

_SAID = say("Cluster %(cluster)s says: %(text)s")
_PERMISSION = re.compile(r"Permission check failed \((?P<path>/[^,)]*), (?P<privs>[\w.|]+)\)")
_TOO_MUCH = "VM.GuestAgent.Unrestricted"
"""PVE names it as another way to each right of the agent; it would let us run programs inside."""

ROLE = "Provisioner"
"""The role that the office's token holds, as the operations manual makes it."""

ROLE_OF_ROOT = "ProvisionerRoot"
"""What it needs on / itself and not below, where the other role would be too much."""


def from_text(
    text: str,
    *,
    cluster: str,
    status: int = 500,
    token_id: str = "",
    log: Sequence[str] = (),
    reading: bool = False,
) -> StepFailure:
    """The failure that an error text of the API or the exit status of a task stands for.

    ``status`` is the HTTP status, 500 for a task. An unknown text asks a technician; while only
    ``reading``, it is tried again.
    """
    what = _fill(_SAID, {"cluster": cluster, "text": text})
    if status == 403 and "does not exist" not in text:
        return _forbidden(text, what, token_id, log)
    for row in ROWS:
        if found := re.search(row.pattern, text):
            return _failure(row, what, found.groupdict(), log)
    if status == 400:
        return Refused(
            what,
            meaning=say("The cluster does not accept one of the values."),
            next=REPORT,
            log=log,
        )
    if reading:
        return Retriable(
            what,
            meaning=say("The cluster could not answer a question; nothing was changed."),
            next=WAIT,
            log=log,
            after=5,
        )
    return ActionNeeded(
        what, meaning=say("The cluster refused for a reason of its own."), next=LOOK, log=log
    )


def _failure(
    row: Row, what: Message, values: Mapping[str, str | None], log: Sequence[str]
) -> StepFailure:
    meaning, next_ = _fill(row.meaning, values), _fill(row.next, values)
    if issubclass(row.kind, Retriable):
        return row.kind(what, meaning=meaning, next=next_, log=log, after=row.after)
    if issubclass(row.kind, ActionNeeded):
        return row.kind(what, meaning=meaning, next=next_, log=log, who=row.who)
    return row.kind(what, meaning=meaning, next=next_, log=log)


def _fill(message: Message, values: Mapping[str, str | None]) -> Message:
    return Message(message.template, {k: v or "?" for k, v in values.items()})


def _forbidden(text: str, what: Message, token_id: str, log: Sequence[str]) -> ActionNeeded:
    found = _PERMISSION.search(text)
    if not found:
        return ActionNeeded(
            what,
            meaning=say("The token of the product lacks a right on the cluster."),
            next=say("Compare the token's rights with the list in the operations manual."),
            log=log,
            who="administrator",
        )
    path, named = found["path"], found["privs"].split("|")
    privileges = ",".join([name for name in named if name != _TOO_MUCH] or named)
    role = ROLE_OF_ROOT if path == "/" else ROLE
    user = token_id.partition("!")[0]
    command = (
        f"pveum role modify {role} --append 1 --privs {privileges} && "
        f"pveum acl modify {path} --roles {role} --users '{user}' --tokens '{token_id}'"
    )
    if path == "/":
        command = f"pveum role add {role}; {command} --propagate 0"
    return ActionNeeded(
        what,
        meaning=say(
            "The token %(token)s lacks the right %(privilege)s on %(path)s.",
            token=token_id,
            privilege=privileges,
            path=path,
        ),
        next=say("Run on a node: %(command)s; then retry.", command=command),
        log=log,
        who="administrator",
    )
