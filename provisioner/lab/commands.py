"""`provisioner lab up|down|fault|test`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from provisioner.commands.output import language
from provisioner.errors import Mistake
from provisioner.lab.control import RemoteLab
from provisioner.lab.faults import KINDS
from provisioner.lab.serving import LabOptions, serve, start_in_background
from provisioner.lab.serving import stop as stop_lab
from provisioner.texts import Message, render, say

lab_app = typer.Typer(
    help="A simulated cluster with guests that boot, for trying and testing.", no_args_is_help=True
)
Directory = Annotated[
    Path, typer.Option("--dir", "-d", help="The lab's directory; the product's configuration too.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _say(message: Message) -> None:
    typer.echo(render(message, language()))


@lab_app.command()
def up(
    directory: Directory,
    name: Annotated[list[str] | None, typer.Option(help="Name of a cluster; repeatable.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="How much faster than a real cluster; 10 unless kept.")
    ] = None,
    cidr: Annotated[str | None, typer.Option(help="Network of the guests, 127.x.y.0/24.")] = None,
    ssh_port: Annotated[int | None, typer.Option(help="SSH port of all guests.")] = None,
    web_port: Annotated[int | None, typer.Option(help="Port of the console.")] = None,
    foreground: Annotated[bool, typer.Option(help="Stay in the foreground.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the lab and write an ordinary configuration into its directory."""
    options = LabOptions(name or ("dc1",), speed, cidr, ssh_port, web_port)
    if foreground:
        serve(directory, options)
        return
    lab = start_in_background(directory, options)
    config = directory / "provisioner.toml"
    state = lab.state()
    if as_json:
        found = {"config": str(config), "pid": lab.pid, "urls": state["urls"]}
        typer.echo(json.dumps(found))
        return
    _say(say("The lab is up: %(urls)s", urls=", ".join(state["urls"])))
    _say(say("Use it with: export PROVISIONER_CONFIG=%(path)s", path=str(config.resolve())))


@lab_app.command()
def down(directory: Directory) -> None:
    """Stop the lab; its VMs are gone, its addresses and secrets stay."""
    if stop_lab(directory):
        _say(say("The lab is down."))
    else:
        _say(say("No lab was up in %(dir)s.", dir=str(directory)))


@lab_app.command("test")
def try_out(
    directory: Directory,
    cluster: Annotated[str, typer.Option(help="Which cluster; the first unless given.")] = "",
) -> None:
    """Make a VM in a running lab, log in to it, and destroy it, by the configuration alone."""
    from provisioner.lab.trial import trial

    for what, seconds in trial(directory, cluster):
        typer.echo(f"{seconds:6.2f} s  {render(what, language())}")


def _names() -> str:
    """The help text of `fault`: every name with its meaning."""
    lines = [f"{kind.name}: {kind.text}" for kind in KINDS.values()]
    return (
        "Show a fault in a running lab, or take faults away.\n\n"
        "Example: provisioner lab fault --dir .demo task-fails type=qmstart text='start failed'; "
        "to take it away: provisioner lab fault --dir .demo --clear\n\n" + "\n\n".join(lines)
    )


@lab_app.command(help=_names())
def fault(
    name: Annotated[str | None, typer.Argument(help="Name of the fault.")] = None,
    options: Annotated[
        list[str] | None, typer.Argument(help="key=value …; times=N on every fault.")
    ] = None,
    directory: Annotated[Path | None, typer.Option("--dir", "-d")] = None,
    cluster: Annotated[str, typer.Option(help="Which cluster; the first unless given.")] = "",
    clear: Annotated[bool, typer.Option(help="Take away this fault, or all.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="Show all faults.")] = False,
    as_json: AsJson = False,
) -> None:
    if list_all or directory is None:
        _list(as_json)
        return
    lab = RemoteLab(directory)
    if clear:
        count = lab.clear(name, cluster)
        if as_json:
            typer.echo(json.dumps({"cleared": count}))
        else:
            _say(say("Faults taken away: %(count)s", count=count))
        return
    if name is None:
        active = lab.state(cluster)["faults"]
        if as_json:
            typer.echo(json.dumps(active))
        elif not active:
            _say(say("The lab shows no fault."))
        else:
            for each in active:
                _say(_shown(each))
        return
    made = lab.fault(name, cluster, **_pairs(options or ()))
    if as_json:
        typer.echo(json.dumps(made))
    else:
        _say(_shown(made))


def _shown(fault: Mapping[str, Any]) -> Message:
    chosen = " ".join(f"{key}={value}" for key, value in fault["options"].items() if value != "")
    return say(
        "The lab shows the fault %(name)s (%(meaning)s). %(options)s",
        name=fault["name"],
        meaning=KINDS[fault["name"]].text,
        options=chosen,
    )


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign:
            raise Mistake(say("Write options as key=value, not %(word)s.", word=word))
        pairs[key] = value
    return pairs


def _list(as_json: bool) -> None:
    if as_json:
        found = {
            k.name: {"text": render(k.text, language()), "options": dict(k.options)}
            for k in KINDS.values()
        }
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for kind in KINDS.values():
        options = " ".join(f"{key}={value}" for key, value in kind.options.items())
        typer.echo(
            f"{kind.name:18} {render(kind.text, language())}"
            + (f"  [{options}]" if options else "")
        )
