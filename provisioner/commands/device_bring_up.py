"""`device bring-up`: new devices made ready for the program, shown first and asked about."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.commands.output import DONE, FAILED, WAITING, AsJson, print_json, tell
from provisioner.errors import ActionNeeded, StepFailure
from provisioner.settings import Settings, load_settings
from provisioner.texts import Message, render, say

if TYPE_CHECKING:
    from provisioner.drivers.ansible.day_zero import BringUp, BroughtUp

    Outcomes = Mapping[str, BroughtUp | StepFailure]


def bring_up(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Of the inventory.")],
    check: Annotated[
        bool, typer.Option("--check", help="Show what would change; write nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make new switches, routers and access points ready: name, our user and key, management.

    What each is to be stands in the inventory (day_zero_…, see playbooks/day_zero_switch.yml). It
    is shown before anything is written; a second time changes nothing. Trust their keys first.
    Exit status 1 where one failed, 3 where a person has to act first.
    Example: provisioner device bring-up sw-smp-1 --check
    """
    settings = load_settings()
    player = _player(settings)
    planned = player.run(names, check=True)
    if not as_json:
        _show(planned, planned_only=True)
    to_do = [name for name, each in planned.items() if _changes(each)]
    if check or not to_do:
        _end(planned, as_json)
    if not yes and (as_json or not _agreed(len(to_do))):
        _end(planned, as_json, waiting=True)
    done: dict[str, BroughtUp | StepFailure] = {**planned, **player.run(to_do)}
    done |= _not_ready(settings, [name for name in to_do if not _failed(done[name])])
    if not as_json:
        _show(done, planned_only=False)
    _end(done, as_json)


def _player(settings: Settings) -> BringUp:
    from provisioner.drivers.ansible.day_zero import BringUp
    from provisioner.drivers.ansible.inventory import Hosts
    from provisioner.drivers.ansible.runner import Runner

    identity = partial(settings.secret, settings.devices.identity or settings.ssh.identity)
    runner = replace(Runner.of(settings), identity=identity)
    return BringUp(Hosts(settings), runner, settings.devices, identity)


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        tell(say("Nothing is written unseen: add --yes, or answer at a terminal."))
        return False
    tell(say("Carry this out on %(count)s devices?", count=count))
    return typer.confirm("", default=False, prompt_suffix="")


def _not_ready(settings: Settings, names: list[str]) -> dict[str, StepFailure]:
    """Those that the program cannot drive yet, entered as it always will from now on."""
    from provisioner.bootstrap.world import network_fleet
    from provisioner.drivers.ansible.inventory import Hosts

    found: dict[str, StepFailure] = {}
    if not names:
        return found
    read = network_fleet(settings, Hosts(settings)).read(dict.fromkeys(names, ()))
    for name, each in read.items():
        if isinstance(each, StepFailure):
            found[name] = each
        elif each.no_timer is not None:
            found[name] = ActionNeeded(
                say("%(host)s cannot take a change back by itself: %(why)s", host=name,
                    why=each.no_timer),
                meaning=say("It is set up, but a change that cuts it off would stay."),
                next=say("Repair the device, or set provisioner_dead_man to best_effort for it."),
                who="administrator",
            )  # fmt: skip
    return found


# ---------------------------------------------------------------------- telling


def _failed(outcome: BroughtUp | StepFailure) -> bool:
    return isinstance(outcome, StepFailure)


def _changes(outcome: BroughtUp | StepFailure) -> bool:
    return not isinstance(outcome, StepFailure) and outcome.changed


def _show(outcomes: Outcomes, planned_only: bool) -> None:
    for name, outcome in outcomes.items():
        tell(_headline(name, outcome, planned_only))
        if isinstance(outcome, StepFailure):
            tell(outcome.meaning)
            tell(outcome.next)
            continue
        for line in outcome.lines if planned_only else ():
            tell(f"  {line}")


def _headline(name: str, outcome: BroughtUp | StepFailure, planned_only: bool) -> Message:
    if isinstance(outcome, StepFailure):
        return outcome.what
    if not outcome.changed:
        return say("%(host)s: is as it should be.", host=name)
    if planned_only:
        return say("%(host)s: would be changed:", host=name)
    return say("%(host)s: changed, and ready.", host=name)


def _end(outcomes: Outcomes, as_json: bool, waiting: bool = False) -> None:
    """Say it in JSON if asked for, and leave."""
    if as_json:
        print_json({"devices": {name: _told(each) for name, each in outcomes.items()}})
    failures = [each for each in outcomes.values() if isinstance(each, StepFailure)]
    if failures and not all(isinstance(each, ActionNeeded) for each in failures):
        raise typer.Exit(FAILED)
    raise typer.Exit(WAITING if failures or waiting else DONE)


def _told(outcome: BroughtUp | StepFailure) -> dict[str, Any]:
    if isinstance(outcome, StepFailure):
        return {
            "outcome": "failed",
            "what": render(outcome.what, "en"),
            "meaning": render(outcome.meaning, "en"),
            "next": render(outcome.next, "en"),
            "log": list(outcome.log),
        }
    return {"outcome": "changed" if outcome.changed else "unchanged", "lines": list(outcome.lines)}
