"""Runs one playbook for one wave of hosts, in a helper process, and tells how each host fared."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from provisioner.drivers.ansible.lifeline import call
from provisioner.drivers.network import Host
from provisioner.errors import Misconfigured
from provisioner.settings import Settings
from provisioner.texts import say

HOST_MB = 40
"""Memory that one access point in flight takes (measured: 20 to 31 MB of PSS; no Python there)."""
TERMINAL_MB = 95
"""Memory that one device in flight takes that has a command line only: a worker and a connection
process of its own, each a Python (measured: 70 to 95 MB of PSS)."""
_TERMINALS = {
    "cisco_ios": "cisco.ios.ios",
    "mikrotik_routeros": "community.routeros.routeros",
}
"""What Ansible calls the platforms that have a command line only."""
START_SECONDS = 30.0
_MEMORY = Path("/dev/shm")  # noqa: S108 — folders of our own in it, mode 0700

Fate = Literal["ok", "changed", "failed", "unreachable", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """How one host came out of a run; ``unknown``: no final event, so it has to be read back."""

    fate: Fate
    message: str = ""
    answers: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """What each task returned (``stdout``, ``rc`` …), in their order; skipped ones are left out."""
    task: str = ""
    """The name of the task at which it failed or was cut off."""
    changes: tuple[str, ...] = ()
    """The names of the tasks that changed something."""


@dataclass(frozen=True)
class Part:
    """What one host's scripts are given over their standard input: never seen in a file, a process
    list or an event."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    code: str = field(default="", repr=False)
    """Shell functions of this host's own."""


@dataclass(frozen=True)
class Runner:
    """ansible-runner with nothing of this machine's user: no configuration, keys, agent, hosts.

    ``identity`` gives the text of the office's private key, for hosts that name none of their own.
    """

    playbooks: Path
    known_hosts: Path
    identity: Callable[[], str]
    memory_mb: int = 400
    connect: float = 15
    command: float = 60
    one_session: bool = False
    """Whether all tasks of a host go through one SSH connection: for plays of many tasks."""
    memory: Path | None = _MEMORY if _MEMORY.is_dir() else None
    """Where a run keeps its files while it lasts: in memory, so that no disk ever has them."""

    @classmethod
    def of(cls, settings: Settings) -> Runner:
        """As the configuration says."""
        return cls(
            playbooks=settings.path(settings.ansible.playbooks or _shipped()),
            known_hosts=settings.path(settings.ssh.known_hosts),
            identity=lambda: settings.secret(settings.ssh.identity),
            memory_mb=settings.ansible.memory_mb,
            connect=settings.devices.connect,
            command=settings.devices.command,
        )

    def run(
        self,
        playbook: str,
        hosts: Sequence[Host],
        parts: Mapping[str, Part],
        variables: Mapping[str, Any],
        check: bool = False,
        secrets: Mapping[str, Mapping[str, str]] | None = None,
    ) -> dict[str, Verdict]:
        """Every host's verdict after one run for all of them; {} without hosts.

        ``variables`` are seen in the list of processes; ``secrets``, by host, are not.

        At most ``memory_mb`` / HOST_MB hosts at once (TERMINAL_MB where there is a command line
        only); the whole has a time limit, after which all
        is ended and those that were not through are ``unknown``. Raises Misconfigured where the
        identity, a key file or the playbook cannot be read.
        """
        if not hosts:
            return {}
        each = TERMINAL_MB if any(host.platform in _TERMINALS for host in hosts) else HOST_MB
        forks = max(1, min(len(hosts), self.memory_mb // each))
        rounds = -(-len(hosts) // forks)
        order = {
            "playbook": str(self._playbook(playbook)),
            "hosts": {host.name: _connection(host) for host in hosts},
            "secrets": {name: {**values} for name, values in (secrets or {}).items()},
            "identity": self.identity() if any(map(_needs_identity, hosts)) else None,
            "known_hosts": self.known_hosts.read_text() if self.known_hosts.exists() else "",
            "parts": {n: {"variables": {**p.variables}, "code": p.code} for n, p in parts.items()},
            "variables": {**variables},
            "forks": forks,
            "check": check,
            "connect": self.connect,
            "command": self.command,
            "one_session": self.one_session,
            "memory": str(self.memory) if self.memory else None,
        }
        seconds = START_SECONDS + rounds * (self.connect + self.command)
        lines, _ = call("provisioner.drivers.ansible.playing", order, seconds, _environment())
        return _verdicts([host.name for host in hosts], lines)

    def _playbook(self, name: str) -> Path:
        path = (self.playbooks / name).absolute()
        if not path.is_file():
            why = say("there is no such file; reinstall the program or set `playbooks`")
            raise Misconfigured(str(path), "ansible.playbooks", why)
        return path


def _shipped() -> Path:
    """The playbooks that came with the program: in the package, or beside it in a checkout."""
    package = Path(__file__).parents[2]
    inside = package / "playbooks"
    return inside if inside.is_dir() else package.parent / "playbooks"


def _environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', os.defpath)}"
    return {"PATH": path, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def _needs_identity(host: Host) -> bool:
    return host.password is None and host.private_key_file is None


def _connection(host: Host) -> dict[str, Any]:
    return {
        "address": host.address,
        "port": host.port,
        "user": host.user,
        "key_file": host.private_key_file,
        "password": None if host.private_key_file else host.password,
        "legacy": host.legacy_crypto,
        "terminal": _TERMINALS.get(host.platform),
        "become_password": host.become_password,
    }


def _verdicts(hosts: Sequence[str], lines: Sequence[str]) -> dict[str, Verdict]:
    """From the events as they came; what a host's run was cut off from is ``unknown``."""
    events = [json.loads(line) for line in lines if line.endswith("\n")]
    through = {name for event in events for name in event.get("through", ())}
    found: dict[str, Verdict] = {}
    for name in hosts:
        own = [event for event in events if event.get("host") == name]
        answers = tuple(event["answer"] for event in own if event["fate"] in ("ok", "failed"))
        bad = next((event for event in own if event["fate"] in ("failed", "unreachable")), None)
        changes = tuple(each["task"] for each in own if each["answer"].get("changed"))
        if bad is not None:
            message = _message(bad["answer"])
            found[name] = Verdict(bad["fate"], message, answers, bad["task"], changes)
        elif name in through and own:
            found[name] = Verdict("changed" if changes else "ok", "", answers, "", changes)
        else:
            found[name] = Verdict("unknown", "", answers)
    return found


def _message(answer: Mapping[str, Any]) -> str:
    return str(answer.get("msg", ""))
