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
from provisioner.lab.devices.faults import KINDS as DEVICE_KINDS
from provisioner.lab.faults import KINDS as CLUSTER_KINDS
from provisioner.lab.serving import LabOptions, serve, start_in_background
from provisioner.lab.serving import stop as stop_lab
from provisioner.settings import configuration_file, load_settings
from provisioner.texts import Message, render, say

KINDS = {**CLUSTER_KINDS, **DEVICE_KINDS}
lab_app = typer.Typer(
    help="A simulated cluster and campus, for trying and testing.", no_args_is_help=True
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
    minute: Annotated[
        float | None,
        typer.Option(help="Seconds in a minute of the devices; 3 unless kept, 60 is real."),
    ] = None,
    switches: Annotated[
        int | None, typer.Option(help="A tree of so many switches instead of the campus.")
    ] = None,
    nodes: Annotated[
        int | None, typer.Option(help="A cluster of so many big nodes instead of the three.")
    ] = None,
    pve: Annotated[
        str | None, typer.Option(help="Version that the clusters say they are, such as 8.4.5.")
    ] = None,
    foreground: Annotated[bool, typer.Option(help="Stay in the foreground.")] = False,
    as_json: AsJson = False,
) -> None:
    """Start the lab and write an ordinary configuration into its directory."""
    names = name or ("dc1",)
    options = LabOptions(names, speed, cidr, ssh_port, web_port, minute, switches, nodes, pve)
    if foreground:
        serve(directory, options)
        return
    lab = start_in_background(directory, options)
    config = directory / "provisioner.toml"
    state = lab.state()
    if as_json:
        found = {"config": str(config), "pid": lab.pid, "urls": state["urls"]}
        found["devices"] = {n: f"{d['address']}:{d['port']}" for n, d in state["devices"].items()}
        typer.echo(json.dumps(found))
        return
    _say(say("The lab is up: %(urls)s", urls=", ".join(state["urls"])))
    _say(say("Network devices: %(devices)s", devices=", ".join(state["devices"])))
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
    directory: Annotated[
        Path | None,
        typer.Option("--dir", "-d", help="Folder of provisioner.toml; else PROVISIONER_CONFIG."),
    ] = None,
    cluster: Annotated[str, typer.Option(help="Which cluster; every one unless given.")] = "",
    place: Annotated[str, typer.Option(help="Place of the WiFi; the first unless given.")] = "",
    only: Annotated[str, typer.Option(help="Only this part: cluster or devices.")] = "",
    as_json: AsJson = False,
) -> None:
    """Prove by the configuration alone that the clusters and devices do what is needed of them.

    It makes a VM and destroys it; it changes a switch and an access point and takes that back.
    """
    from provisioner.lab.proving import prove

    config = directory / "provisioner.toml" if directory else configuration_file()
    proofs = []
    for proof in prove(load_settings(config), cluster=cluster, place=place, only=only):
        proofs.append(proof)
        if not as_json:
            _say(proof.line())
    if as_json:
        typer.echo(json.dumps([proof.to_json(language()) for proof in proofs], ensure_ascii=False))
    failed = sum(proof.why is not None for proof in proofs)
    if not as_json:
        _say(say("Proven: %(count)s of %(all)s", count=len(proofs) - failed, all=len(proofs)))
    if failed or not proofs:
        raise typer.Exit(1)


@lab_app.command()
def diagnose(
    directory: Annotated[
        Path, typer.Option("--dir", "-d", help="An empty folder, or that of an earlier trial.")
    ] = Path(".faults"),
    only: Annotated[
        list[str] | None, typer.Option(help="Only the fault of this name; repeatable.")
    ] = None,
    every: Annotated[int, typer.Option(help="Only every so-manieth fault.", min=1)] = 1,
    list_all: Annotated[bool, typer.Option("--list", help="Show the library.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show every fault of the library in a lab of its own, and what the product makes of it.

    Ends with 1 where fewer than 95 % are named rightly, or one is named wrongly and surely.
    """
    from provisioner.demo.faults import try_faults
    from provisioner.lab.trouble.library import LIBRARY

    if list_all:
        for case in LIBRARY:
            typer.echo(f"{case.name:28} {case.part:18} {render(case.title, language())}")
        return
    if not try_faults(directory, only or (), every, as_json=as_json):
        raise typer.Exit(1)


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
