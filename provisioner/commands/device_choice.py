"""Which devices a command is about, and how they are reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.commands.output import complain, language
from provisioner.errors import FieldError, Invalid, StepFailure
from provisioner.settings import Settings, load_settings
from provisioner.texts import render, say

if TYPE_CHECKING:
    from provisioner.drivers.fleet import Fleet
    from provisioner.drivers.network import Host

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[HOST]...", help="Devices of the inventory.")
]
Every = Annotated[bool, typer.Option("--all", help="Every device that is driven.")]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="Devices of a group; repeatable.")
]


@dataclass(frozen=True)
class Devices:
    """The fleet, and the names of the devices chosen."""

    settings: Settings
    fleet: Fleet
    names: tuple[str, ...]

    @property
    def group(self) -> int:
        """How many are worked on together; no more lie in memory at once."""
        return self.settings.devices.sessions


def all_devices(settings: Settings | None = None) -> Devices:
    """Every device that is driven; what answers and what does not is remembered."""
    from provisioner.bootstrap import network_fleet
    from provisioner.database import Database
    from provisioner.drivers.ansible.inventory import Hosts
    from provisioner.facts.devices import DeviceSights

    settings = settings or load_settings()
    sights = DeviceSights(Database(settings.absolute_database_url))
    fleet = network_fleet(settings, Hosts(settings), seen=sights.keep)
    names = sorted(name for name, host in fleet.hosts().items() if fleet.drives(host))
    return Devices(settings, fleet, tuple(names))


def chosen_devices(
    named: Iterable[str], every: bool = False, groups: Iterable[str] = ()
) -> Devices:
    """Those named, those of the groups, or all. Raises Invalid for none and for unknown ones."""
    found = all_devices()
    named, groups = list(named), set(groups)
    if unknown := [name for name in named if name not in found.names]:
        raise Invalid(
            [
                FieldError(
                    "HOST",
                    say("%(host)s is no device of the inventory that is driven", host=unknown[0]),
                )
            ]
        )
    hosts: Mapping[str, Host] = found.fleet.hosts()
    names = [name for name in found.names if every or name in named or hosts[name].groups & groups]
    if not names:
        raise Invalid([FieldError("HOST", say("names no device; give --all, --group or names"))])
    return Devices(found.settings, found.fleet, tuple(names))


def progress(done: int, all: int) -> None:
    """Said where errors go, so that what is printed stays whole."""
    complain(say("%(done)d of %(all)d devices", done=done, all=all))


def failure_json(host: str, failure: StepFailure) -> dict[str, Any]:
    """A device that failed, for programs."""
    texts = ("what", "meaning", "next")
    said = {name: render(getattr(failure, name), language()) for name in texts}
    return {"host": host, "kind": failure.kind, **said}


def tell_failure(host: str, failure: StepFailure) -> None:
    """A device that failed, for people: cause and remedy."""
    complain(say("%(host)s: %(what)s", host=host, what=failure.what))
    complain(say("    What to do: %(next)s", next=failure.next))
