"""`topology check`: whether the cables are as network.yml says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from provisioner.commands.device_choice import all_devices, progress
from provisioner.commands.output import FAILED, AsJson, language, print_json, tell
from provisioner.texts import say

if TYPE_CHECKING:
    from provisioner.topology import TopologyView

topology_app = typer.Typer(help="Cables between devices.", no_args_is_help=True)


@topology_app.command("check")
def topology_check(as_json: AsJson = False) -> None:
    """Ask all devices for their neighbours and compare that with the links of network.yml.

    Each difference comes with the line to enter there or to take out. Exit status 1 where there
    is one, or where a device could not be asked. Example: provisioner topology check
    """
    from provisioner.catalogue import load_inventory
    from provisioner.topology import TopologyService

    devices = all_devices()
    network = load_inventory(devices.settings).network
    service = TopologyService(devices.fleet, lambda: network, devices.group)
    view = service.look(language(), progress)
    if as_json:
        print_json(view.model_dump(mode="json"))
    else:
        _show(view)
    if view.differences or view.silent:
        raise typer.Exit(FAILED)


def _show(view: TopologyView) -> None:
    for one in view.differences:
        tell(f"{'✗' if one.sure else '?'} {one.text}")
        for line in one.remove:
            tell(say("    take out: %(line)s", line=line.strip()))
        if one.enter:
            tell(say("    enter:    %(line)s", line=one.enter.strip()))
    for unknown in view.unchecked:
        tell(say("! %(link)s cannot be checked: %(why)s", link=unknown.link, why=unknown.why))
    for silent in view.silent:
        tell(f"✗ {silent.device}: {silent.what}")
        tell(f"    → {silent.next}")
    tell(
        say(
            "Cables in network.yml: %(cables)d; seen as written: %(agreed)d; differences: "
            "%(count)d",
            cables=view.cables,
            agreed=view.agreed,
            count=len(view.differences),
        )
    )
