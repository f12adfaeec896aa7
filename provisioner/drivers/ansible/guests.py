"""Guests of VMs, brought to the office's baseline over SSH by ``playbooks/vps_baseline.yml``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from provisioner.catalogue.baseline import Baseline
from provisioner.catalogue.fields import DataModel
from provisioner.drivers.ansible.failures import failure
from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.network import Host
from provisioner.drivers.seat import Door
from provisioner.errors import Refused
from provisioner.texts import say

SECONDS = 600.0
"""How long one guest may take: the installation of some packages from a slow mirror."""
_PLAYBOOK = "vps_baseline.yml"


class _Port(DataModel):
    port: int
    protocol: Literal["tcp", "udp"]


_PORTS = TypeAdapter(tuple[_Port, ...])


@dataclass(frozen=True)
class Settled:
    """A guest that keeps to the baseline now; ``lines`` name what had to be changed for it."""

    changed: bool
    lines: tuple[str, ...] = ()


class Guests:
    """Plays the baseline on one guest at a time, each in a helper process of its own.

    ``identity`` gives the text of the office's private key, that of the runner if left out.
    """

    def __init__(self, runner: Runner, identity: Callable[[], str] | None = None) -> None:
        self._runner = replace(
            runner,
            identity=identity or runner.identity,
            command=max(runner.command, SECONDS),
            one_session=True,
        )

    def settle(
        self, door: Door, baseline: Mapping[str, Any], ports: Sequence[Mapping[str, Any]] = ()
    ) -> Settled:
        """Bring the guest behind ``door`` to ``baseline`` (``catalogue.baseline.Baseline``).

        ``ports`` (``{"port", "protocol"}``) are those that the request opens; they only matter
        where the baseline asks for a firewall. May be repeated at any time: what is so already
        stays, what a killed run left undone is done. Nothing is fetched when nothing is missing.

        Raises Retriable (no session, no mirror, host too slow), ActionNeeded (another host key, no
        root rights, no Python, another system than Debian or Ubuntu, no space, a task that fails:
        with its name and its own words) or Refused (a plan of another version of this program).
        """
        variables = {"baseline": _checked(baseline), "ports": _ports(ports), "login": door.user}
        host = Host(door.address, "linux", frozenset(), door.address, door.port, door.user)
        with tempfile.TemporaryDirectory(prefix="prov-") as folder:
            known = Path(folder) / "known_hosts"
            known.write_text(f"{_name(door)} {door.host_key.strip()}\n", encoding="utf-8")
            runner = replace(self._runner, known_hosts=known)
            verdict = runner.run(_PLAYBOOK, [host], {}, variables)[host.name]
        failed = failure(f"{door.address}:{door.port}", verdict)
        if failed is not None:
            raise failed
        return Settled(verdict.fate == "changed", verdict.changes)


def _name(door: Door) -> str:
    """How OpenSSH looks the door up in its list of known hosts."""
    return door.address if door.port == 22 else f"[{door.address}]:{door.port}"


def _checked(baseline: Mapping[str, Any]) -> Mapping[str, Any]:
    """With every default in its place; checked again, as Ansible expands braces in what it gets."""
    try:
        found = Baseline.model_validate(dict(baseline))
    except ValidationError as error:
        raise _outdated() from error
    return found.model_dump(mode="json")


def _ports(ports: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    try:
        found = _PORTS.validate_python([dict(port) for port in ports])
    except ValidationError as error:
        raise _outdated() from error
    return [port.model_dump() for port in found]


def _outdated() -> Refused:
    return Refused(
        say("The baseline in the plan is not one that this program can carry out."),
        meaning=say("The plan was made by another version of the program; nothing was changed."),
        next=say("Plan the request anew."),
    )
