"""`lab` and `demo`: loaded only when asked for, since they need an optional extra."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer

from provisioner.commands.output import FAILED, complain
from provisioner.texts import say

_EXTRAS = {"fakepve"}
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def lab(context: typer.Context) -> None:
    """The simulated cluster for trying and testing: up, down, fault, test.

    Example: provisioner lab up --dir /tmp/lab
    """
    _hand_over("lab", _lab, context.args)


def demo(context: typer.Context) -> None:
    """Lab and console together, with a first request carried out before your eyes.

    Example: provisioner demo --once
    """
    _hand_over("demo", _demo, context.args)


def _lab() -> typer.Typer:
    from provisioner.lab.commands import lab_app

    return lab_app


def _demo() -> typer.Typer:
    from provisioner.demo import demo_app

    return demo_app


def _hand_over(name: str, load: Callable[[], typer.Typer], args: Sequence[str]) -> None:
    try:
        app = load()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRAS:
            raise
        complain(
            say(
                "`%(command)s` needs the extra `lab`: `make setup`, or pip install "
                "'provisioner[lab]'.",
                command=f"provisioner {name}",
            )
        )
        raise typer.Exit(FAILED) from error
    app(args=list(args), prog_name=f"provisioner {name}")
