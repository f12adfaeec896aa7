"""Every text of planning can be read in Indonesian, with the same places to fill."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import provisioner
from provisioner.texts import catalogue

ROOT = Path(provisioner.__file__).parent
FILES = [
    *sorted((ROOT / "plans").glob("*.py")),
    *sorted((ROOT / "facts").glob("*.py")),
    *(
        ROOT / "services" / "cloud_vps" / f"{name}.py"
        for name in ("acceptance", "placement", "planner", "planning", "risks", "steps", "wanted")
    ),
]
PLACES = re.compile(r"%\((\w+)\)[a-z]|%%")


def said(path: Path) -> set[str]:
    calls = (n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call))
    return {
        ast.literal_eval(call.args[0])
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "say"
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_text_is_translated_with_its_places(path: Path) -> None:
    known = catalogue("id")
    for template in said(path):
        assert template in known
        assert sorted(PLACES.findall(known[template])) == sorted(PLACES.findall(template))
