"""`python -m provisioner.lab DIR`: the lab in the foreground; `provisioner lab up` starts it so."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from provisioner.errors import Mistake
from provisioner.lab.serving import LabOptions, serve


def main(
    directory: Path,
    name: Annotated[list[str] | None, typer.Option()] = None,
    speed: float | None = None,
    cidr: str | None = None,
    ssh_port: int | None = None,
    web_port: int | None = None,
    minute: float | None = None,
    switches: int | None = None,
    nodes: int | None = None,
    pve: str | None = None,
) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    try:
        names = name or ("dc1",)
        options = LabOptions(names, speed, cidr, ssh_port, web_port, minute, switches, nodes, pve)
        serve(directory, options)
    except Mistake as mistake:
        typer.echo(str(mistake.what), err=True)
        raise typer.Exit(1) from mistake


if __name__ == "__main__":
    typer.run(main)
