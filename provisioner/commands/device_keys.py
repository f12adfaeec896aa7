"""`device rotate-key`: another SSH key for the office on its devices, nobody locked out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.commands.device_choice import all_devices, failure_json, tell_failure
from provisioner.commands.files import create_private, replace
from provisioner.commands.output import FAILED, AsJson, language, print_json, print_table, tell
from provisioner.errors import Conflict, Misconfigured, StepFailure
from provisioner.settings import Settings
from provisioner.texts import Message, render, say

if TYPE_CHECKING:
    from provisioner.drivers.fleet import Fleet
    from provisioner.drivers.login_keys import LoginKeys
    from provisioner.drivers.network import Host

_PROVEN, _DONE = "proven", "done"


@dataclass
class _Rotation:
    """The files of one rotation: the key in use, the next one, the former one.

    ``next`` is there until every device lets it in; ``old`` until none knows it any more.
    """

    identity: Path

    @property
    def next(self) -> Path:
        return self.identity.with_name(f"{self.identity.name}.next")

    @property
    def old(self) -> Path:
        return self.identity.with_name(f"{self.identity.name}.old")

    def begin(self, fresh: str) -> None:
        """The next key, once; a rotation that was broken off goes on with its own."""
        create_private(self.next, fresh)

    def switch(self) -> None:
        """The next key is the one in use from here on; harmless to repeat at any instant."""
        create_private(self.old, self.identity.read_text())
        replace(self.identity, self.next.read_text())
        self.next.unlink()


def rotate_key(
    leave_out: Annotated[
        list[str] | None,
        typer.Option("--leave-out", help="A device that is gone; it is locked out. Repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give the office a new SSH key on its devices; may be broken off and run again at any time.

    The new key is added beside the old one and proven by a login on every device. Only then is it
    the one in use, and only then the old one is taken away. Devices entered with a password or a
    key file of their own are not touched. Exit status 1 until all is done.
    Example: provisioner device rotate-key
    """
    from provisioner.drivers.login_keys import FILES, new_identity

    devices = all_devices()
    rotation = _Rotation(_identity_file(devices.settings))
    concerned = _concerned(devices.fleet)
    hosts = {name: host for name, host in concerned.items() if name not in (leave_out or ())}
    if rotation.old.exists() and not rotation.next.exists():
        failed = _retire(devices.settings, devices.fleet, rotation, hosts)
        _conclude(_states(hosts, failed), failed, as_json)
        return
    _refuse_guests(devices.settings)
    _refuse_by_hand({n: h for n, h in hosts.items() if h.platform not in FILES})
    rotation.begin(new_identity())
    failed = _introduce(devices.settings, devices.fleet, rotation, hosts)
    if failed:
        _conclude(dict.fromkeys(hosts.keys() - failed.keys(), _PROVEN), failed, as_json)
        return
    rotation.switch()
    failed = _retire(devices.settings, devices.fleet, rotation, hosts)
    _conclude(_states(hosts, failed), failed, as_json)


def _states(hosts: Mapping[str, Host], failed: Mapping[str, StepFailure]) -> dict[str, str]:
    return {name: _PROVEN if name in failed else _DONE for name in hosts}


def _introduce(
    settings: Settings, fleet: Fleet, rotation: _Rotation, hosts: Mapping[str, Host]
) -> dict[str, StepFailure]:
    """Every device lets the next key in, proven; the failures of those that do not yet."""
    from provisioner.drivers.login_keys import public_half

    fresh = _keys(settings, fleet, rotation.next)
    proven = {n for n, a in fresh.prove(hosts).items() if not isinstance(a, StepFailure)}
    missing = [name for name in hosts if name not in proven]
    public = public_half(rotation.next.read_text())
    added = _keys(settings, fleet, rotation.identity).add(missing, public)
    failed = {n: a for n, a in added.items() if isinstance(a, StepFailure)}
    shown = fresh.prove([name for name in missing if name not in failed])
    return failed | {n: a for n, a in shown.items() if isinstance(a, StepFailure)}


def _retire(
    settings: Settings, fleet: Fleet, rotation: _Rotation, hosts: Mapping[str, Host]
) -> dict[str, StepFailure]:
    """No device lets the old key in any more; it is removed by a login with the new one."""
    from provisioner.drivers.login_keys import public_half

    public = public_half(rotation.old.read_text())
    answers = _keys(settings, fleet, rotation.identity).remove(hosts, public)
    failed = {n: a for n, a in answers.items() if isinstance(a, StepFailure)}
    if not failed:
        rotation.old.unlink()
    return failed


def _keys(settings: Settings, fleet: Fleet, identity: Path) -> LoginKeys:
    from provisioner.drivers.login_keys import LoginKeys

    known_hosts = settings.path(settings.ssh.known_hosts)
    return LoginKeys(lambda: fleet.hosts(), settings.devices, known_hosts, identity.read_text())


def _concerned(fleet: Fleet) -> dict[str, Host]:
    """The devices that are entered with the office's own key."""
    return {
        name: host
        for name, host in fleet.hosts().items()
        if fleet.drives(host) and host.password is None and host.private_key_file is None
    }


def _reference(settings: Settings) -> str:
    return settings.devices.identity or settings.ssh.identity


def _identity_file(settings: Settings) -> Path:
    kind, _, name = _reference(settings).partition(":")
    if kind != "file":
        raise Misconfigured(
            "provisioner.toml",
            "devices.identity",
            say("has to be file:PATH for a rotation, or else the new key cannot be written"),
        )
    path = settings.path(Path(name))
    if not os.access(path, os.R_OK):
        raise Misconfigured("provisioner.toml", "devices.identity", say("cannot be read"))
    return path


def _refuse_guests(settings: Settings) -> None:
    """The key that servers know too is not changed here: they would lock us out."""
    from sqlalchemy import func, select

    from provisioner.database import Database
    from provisioner.instances.making import VM
    from provisioner.instances.model import Instance, InstanceState

    if _reference(settings) != settings.ssh.identity:
        return
    count = select(func.count()).where(Instance.kind == VM, Instance.state != InstanceState.ENDED)
    with Database(settings.absolute_database_url).read() as session:
        servers = session.scalars(count).one()
    if servers:
        raise Conflict(
            say(
                "The office's key is also known to %(count)d servers of departments. Give the "
                "devices a key of their own first: copy the file, name the copy as identity in "
                "section [devices] of provisioner.toml, then run this again.",
                count=servers,
            )
        )


def _refuse_by_hand(others: Mapping[str, Host]) -> None:
    """Where the program cannot enter a key, the old one may not be given up."""
    if others:
        raise Conflict(
            say(
                "On %(hosts)s the program cannot enter a login key. Give them a key file or "
                "password of their own in the inventory, or use --leave-out; nothing was done.",
                hosts=", ".join(sorted(others)),
            )
        )


def _conclude(states: Mapping[str, str], failed: Mapping[str, StepFailure], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "done": not failed,
                "devices": states,
                "failed": [failure_json(*one) for one in sorted(failed.items())],
            }
        )
    else:
        words: Mapping[str, Message] = {
            _PROVEN: say("lets the new key in, proven"),
            _DONE: say("knows the new key only"),
        }
        rows = [[name, render(words[state], language())] for name, state in sorted(states.items())]
        if rows:
            print_table((say("Device"), say("State")), rows)
        for name, failure in sorted(failed.items()):
            tell_failure(name, failure)
        if failed:
            tell(say("Not done yet; run this again when the devices named answer."))
        else:
            tell(say("All devices know the new key, and only that one."))
    if failed:
        raise typer.Exit(FAILED)
