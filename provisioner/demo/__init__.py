"""`provisioner demo`: lab and console together, and two requests carried out before your eyes."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from provisioner.commands.client import TOKEN_VARIABLE, URL_VARIABLE
from provisioner.commands.output import DONE, FAILED, language, tell
from provisioner.demo import scenes
from provisioner.demo.stage import PEOPLE, Stage, staged, usable
from provisioner.people.model import Role
from provisioner.settings import CONFIG_VARIABLE
from provisioner.texts import Message, render, say

demo_app = typer.Typer(add_completion=False)
_ROLES = {
    Role.APPLICANT: say("applicant"),
    Role.TECHNICIAN: say("technician"),
    Role.APPROVER: say("approver"),
    Role.HEAD: say("head"),
    Role.COMPLAINTS: say("complaint officer"),
    Role.ADMINISTRATOR: say("administrator"),
}


@demo_app.command()
def demo(
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="Where the demo lives; emptied at the start.")
    ] = Path(".demo"),
    once: Annotated[
        bool, typer.Option("--once", help="End after the first records; status 0 only if proven.")
    ] = False,
    port: Annotated[
        int, typer.Option(help="Port of the console; 0 takes a free one.", min=0, max=65535)
    ] = 8080,
    speed: Annotated[float, typer.Option(help="How much faster than a real cluster.")] = 4.0,
) -> None:
    """Start lab and console; have a Cloud VPS and an event's WiFi asked for, made and proven.

    Example: provisioner demo --once
    """
    port = usable(port)
    for number in (signal.SIGTERM, signal.SIGHUP):  # they end it as Ctrl-C does
        signal.signal(number, signal.default_int_handler)
    with staged(directory.resolve(), port, speed) as stage:
        tell(say("Console: %(url)s", url=stage.url))
        tell(_kill_it(stage))
        proven = scenes.server(stage) & scenes.event_wifi(stage)
        if once:
            raise typer.Exit(DONE if proven else FAILED)
        scenes.leave_some_waiting(stage)
        _invite(stage)
        _wait_for_the_end()


def _invite(stage: Stage) -> None:
    tell()
    tell(say("Open %(url)s and sign in as one of:", url=stage.url))
    for username, name, roles, _ in PEOPLE:
        can = ", ".join(render(_ROLES[role], language()) for role in roles)
        tell(f"  {username:6} {stage.passwords[username]:14} {name} ({can})")
    program = Path(sys.executable).with_name("provisioner")
    fault = shlex.join([str(program), "lab", "fault", "--dir", str(stage.directory)])
    tell()
    tell(say("Show the product a fault, take it away again, or see all there are:"))
    tell(f'  {fault} task-fails type=qmstart text="start failed"')
    tell(f"  {fault} device-dead host=ap-alun-1")
    tell(f"  {fault} --clear")
    tell(f"  {fault} --list")
    tell(_kill_it(stage))
    tell()
    tell(say("For the command line, as budi (such as %(example)s):",
             example=shlex.join([str(program), "request", "list"])))  # fmt: skip
    for variable, value in (
        (CONFIG_VARIABLE, str(stage.directory / "provisioner.toml")),
        (URL_VARIABLE, stage.url),
        (TOKEN_VARIABLE, stage.tokens["budi"]),
    ):
        tell(f"  export {variable}={shlex.quote(value)}")
    tell()
    tell(say("Ctrl-C ends the demo."))


def _kill_it(stage: Stage) -> Message:
    return say(
        "Kill it with `kill -9 %(pid)s` and watch it recover, best while it works.",
        pid=stage.console.pid,
    )


def _wait_for_the_end() -> None:
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        tell(say("Ending …"))
