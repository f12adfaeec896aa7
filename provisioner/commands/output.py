"""How commands print: plain tables for people, JSON for programs, failures with what to do."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from provisioner.errors import Invalid, Misconfigured, ProvisionerError, StepFailure
from provisioner.settings import CONFIG_VARIABLE, configuration_file
from provisioner.texts import Message, render, say

DONE, FAILED, WRONG_USE, WAITING = 0, 1, 2, 3
"""Exit statuses; WAITING: nothing moves until a person acts."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

_PLAIN = {"highlight": False, "markup": False, "emoji": False, "soft_wrap": True}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_out = Console(**_PLAIN)  # type: ignore[arg-type]
_wide = Console(width=400, **_PLAIN)  # type: ignore[arg-type]
_err = Console(stderr=True, **_PLAIN)  # type: ignore[arg-type]


def language() -> str:
    """The language of the terminal: ``id`` where the locale says so, else ``en``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := os.environ.get(name):
            return "id" if value.lower().startswith("id") else "en"
    return "en"


def clean(text: object) -> str:
    """A text without what could steer the terminal."""
    return _CONTROL.sub("�", str(text))


def tell(text: Message | str = "") -> None:
    """Print a line."""
    _out.print(clean(render(text, language())))


def complain(text: Message | str) -> None:
    """Print a line where errors go."""
    _err.print(clean(render(text, language())))


def agreed(question: Message, instead: str = "--yes") -> bool:
    """What a person answers to it; where nobody is there, ProvisionerError names the option."""
    try:
        return typer.confirm(clean(render(question, language())), default=False, err=True)
    except typer.Abort:
        raise ProvisionerError(
            say("Nobody answered, so nothing was changed: add %(option)s.", option=instead)
        ) from None


def print_json(data: Any) -> None:
    """Print data as JSON."""
    _out.print(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def print_table(headers: Sequence[Message], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their headers, as wide as they are: an address broken is none to copy."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(render(header, language()), overflow="fold")
    for row in rows:
        table.add_row(*("-" if cell is None else clean(cell) for cell in row))
    _wide.print(table, soft_wrap=False)


def report(error: ProvisionerError) -> int:
    """Print a failure with all that helps to mend it; returns the exit status."""
    complain(error.what)
    if isinstance(error, Misconfigured) and not configuration_file().is_file():
        complain(
            say(
                "%(variable)s names the configuration: export %(variable)s=/etc/provisioner/"
                "provisioner.toml",
                variable=CONFIG_VARIABLE,
            )
        )
    for field in error.errors if isinstance(error, Invalid) else ():
        complain(f"  {field.pointer}: {render(field.message, language())}")
    if isinstance(error, StepFailure):
        complain(error.meaning)
        complain(say("What to do: %(next)s", next=error.next))
        for line in error.log:
            complain(f"  | {line}")
    return WRONG_USE if isinstance(error, Invalid) else FAILED
