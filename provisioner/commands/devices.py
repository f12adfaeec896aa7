"""`device`: list, look at and back up the network devices, hundreds at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.commands import showing
from provisioner.commands.device_bring_up import bring_up
from provisioner.commands.device_choice import (
    Devices,
    Every,
    Groups,
    Names,
    all_devices,
    chosen_devices,
    failure_json,
    progress,
    tell_failure,
)
from provisioner.commands.device_keys import rotate_key
from provisioner.commands.output import FAILED, AsJson, language, print_json, print_table, tell
from provisioner.errors import StepFailure
from provisioner.texts import from_json, render, say

if TYPE_CHECKING:
    from provisioner.drivers.network import Result, Survey
    from provisioner.facts.devices import DeviceSight

device_app = typer.Typer(
    help="Network devices: what they are, what they say, their configurations.",
    no_args_is_help=True,
)
device_app.command("bring-up")(bring_up)
device_app.command("rotate-key")(rotate_key)


@device_app.command("list")
def device_list(groups: Groups = None, as_json: AsJson = False) -> None:
    """Every device of the inventory, with its last answer; nobody is asked.

    Example: provisioner device list --group switches
    """
    from provisioner.database import Database
    from provisioner.facts.devices import DeviceSights

    devices = all_devices()
    sights = DeviceSights(Database(devices.settings.absolute_database_url)).all()
    hosts = devices.fleet.hosts()
    wanted = set(groups or ())
    names = [n for n in sorted(hosts) if not wanted or hosts[n].groups & wanted]
    rows = [_row(devices, name, sights.get(name)) for name in names]
    if as_json:
        print_json(rows)
        return
    headers = (
        say("Device"), say("Platform"), say("Site"), say("Address"), say("Last answer"),
        say("Trouble"),
    )  # fmt: skip
    print_table(headers, ([*list(row.values())[:4], showing.moment(row["answered_at"]),
                           row["trouble"]] for row in rows))  # fmt: skip


def _row(devices: Devices, name: str, sight: DeviceSight | None) -> dict[str, Any]:
    host = devices.fleet.hosts()[name]
    trouble = sight.trouble if sight else None
    answered = sight.answered_at if sight else None
    return {
        "device": name,
        "platform": host.platform or None,
        "site": host.site,
        "address": f"{host.address}:{host.port}",
        "groups": sorted(host.groups),
        "driven": devices.fleet.drives(host),
        "answered_at": answered.isoformat() if answered else None,
        "trouble": render(from_json(trouble["what"]), language()) if trouble else None,
    }


@device_app.command("show")
def device_show(
    name: Annotated[str, typer.Argument(metavar="HOST")], as_json: AsJson = False
) -> None:
    """Log in to one device and print its configuration, secrets masked.

    Example: provisioner device show sw-core-1
    """
    devices = chosen_devices([name])
    reading = devices.fleet.read({name: ()})[name]
    if isinstance(reading, StepFailure):
        raise reading
    if as_json:
        print_json(
            {
                "device": name,
                "hostname": reading.hostname,
                "at": reading.at.isoformat(),
                "timer": reading.no_timer is None,
                "pending": reading.pending,
                "configuration": reading.configuration,
            }
        )
        return
    no_timer = reading.no_timer
    showing.facts(
        [
            (say("Device"), reading.hostname),
            (say("Timer"), render(no_timer, language()) if no_timer else None),
            (say("Timer running"), reading.pending),
        ]
    )
    for line in reading.configuration.splitlines():
        tell(line)


@device_app.command("survey")
def device_survey(
    names: Names = None, every: Every = False, groups: Groups = None, as_json: AsJson = False
) -> None:
    """Neighbours, ports, learned addresses and leases as devices tell them; changes nothing.

    Example: provisioner device survey sw-core-1 --json
    """
    devices = chosen_devices(names or (), every, groups or ())
    told: list[dict[str, Any]] = []
    failed: dict[str, StepFailure] = {}
    for found in _surveyed(devices):
        for name, survey in sorted(found.items()):
            if isinstance(survey, StepFailure):
                failed[name] = survey
            elif as_json:
                told.append({**asdict(survey), "at": survey.at.isoformat()})
            else:
                _show_survey(survey)
    if as_json:
        print_json(
            {"surveys": told, "failed": [failure_json(*one) for one in sorted(failed.items())]}
        )
    _conclude(failed, as_json)


def _surveyed(devices: Devices) -> Iterator[Result[Survey]]:
    from provisioner.drivers.groups import in_groups

    done = 0
    for group in in_groups(devices.names, devices.group):
        yield devices.fleet.survey(group)
        done += len(group)
        if len(devices.names) > 1:
            progress(done, len(devices.names))


def _show_survey(survey: Survey) -> None:
    about = ", ".join(filter(None, (survey.model, survey.version, survey.serial)))
    tell(f"{survey.host}: {about}" if about else survey.host)
    for one in survey.neighbors:
        tell(f"  {one.port} → {one.device}:{one.remote_port} ({one.protocol})")
    up = sum(port.up for port in survey.ports.values())
    tell(
        say(
            "  ports with a link: %(up)d of %(ports)d; addresses learned: %(learned)d; leases: "
            "%(leases)d",
            up=up,
            ports=len(survey.ports),
            learned=len(survey.learned),
            leases=len(survey.leases),
        )
    )


@device_app.command("backup")
def device_backup(
    names: Names = None, every: Every = False, groups: Groups = None, as_json: AsJson = False
) -> None:
    """Read configurations and keep them in the history, in data_dir/configurations.

    A version is made only where something changed. Devices are read in groups, so that hundreds
    take no more memory than fifty. Exit status 1 where one could not be read; the others are kept.
    Example: provisioner device backup --all
    """
    from provisioner.drivers.groups import in_groups
    from provisioner.runs.configurations import BACKUP, Cause, ConfigurationHistory

    devices = chosen_devices(names or (), every, groups or ())
    settings = devices.settings
    history = ConfigurationHistory(settings.path(settings.data_dir) / "configurations")
    failed: dict[str, StepFailure] = {}
    commits: list[str] = []
    done = 0
    for group in in_groups(devices.names, devices.group):
        texts: dict[str, str] = {}
        for name, found in devices.fleet.read(dict.fromkeys(group, ())).items():
            if isinstance(found, StepFailure):
                failed[name] = found
            else:
                texts[name] = found.configuration
        if commit := history.keep_all(Cause(), BACKUP, texts):
            commits.append(commit)
        done += len(group)
        progress(done, len(devices.names))
    read = len(devices.names) - len(failed)
    if as_json:
        gone = [failure_json(*one) for one in sorted(failed.items())]
        print_json({"read": read, "commits": commits, "failed": gone})
    elif commits:
        tell(say("Configurations read: %(read)d. What changed is kept.", read=read))
    else:
        tell(say("Configurations read: %(read)d. Nothing changed since the last one.", read=read))
    _conclude(failed, as_json)


def _conclude(failed: Mapping[str, StepFailure], as_json: bool) -> None:
    """What could not be done and why; ends with status 1 where there is such a thing."""
    if not as_json:
        for name, failure in sorted(failed.items()):
            tell_failure(name, failure)
    if failed:
        raise typer.Exit(FAILED)
