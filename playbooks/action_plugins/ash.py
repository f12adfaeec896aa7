"""Like raw, but the script goes over standard input, so that no process list ever shows it.

The files named by ``script`` are joined; what belongs to this host alone (settings, configuration
lines, keys) is asked for at the Unix socket that PROVISIONER_SOCKET names and put in front of
them. Nothing is written anywhere, on this side or the other.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase  # type: ignore[import-untyped]

_NAME = re.compile(r"[a-z_]+")
_COMMAND = "trap '' HUP PIPE; exec sh -s"
"""What is ignored stays so: a script that has begun ends what it does when the session is gone."""


class ActionModule(ActionBase):  # type: ignore[misc]
    """``ash: {script: [FILE, ...], embed: {VARIABLE: FILE}}``; skipped in check mode, as raw is."""

    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        if self._task.check_mode:
            return {**result, "skipped": True}
        texts = [self._read(name) for name in self._task.args["script"]]
        embedded = {
            name: self._read(path) for name, path in self._task.args.get("embed", {}).items()
        }
        own = _ask(task_vars["inventory_hostname"])
        script = "\n".join([*_assignments({**embedded, **own["variables"]}), own["code"], *texts])
        status, out, err = self._connection.exec_command(
            _COMMAND, in_data=script.encode(), sudoable=False
        )
        answer = out.decode(errors="replace")
        return {
            **result,
            "changed": True,
            "rc": status,
            "stdout_lines": answer.splitlines(),
            "stdout": answer,
            "stderr": err.decode(errors="replace")[-2000:],
            **({"failed": True, "msg": "non-zero return code"} if status else {}),
        }

    def _read(self, name: str) -> str:
        return Path(self._find_needle("files", name)).read_text(encoding="utf-8")


def _assignments(values: dict[str, str]) -> list[str]:
    wrong = [name for name in values if not _NAME.fullmatch(name)]
    if wrong:
        raise ValueError(f"not a name: {wrong[0]!r}")
    return [f"{name}={shlex.quote(value)}" for name, value in values.items()]


def _ask(host: str) -> dict[str, Any]:
    """The host's own part of the script."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.environ["PROVISIONER_SOCKET"])
        connection.sendall(host.encode() + b"\n")
        with connection.makefile("rb") as answer:
            found: dict[str, Any] = json.loads(answer.read())
    return found
