"""The list of pitfalls of network devices is whole, and every test and module it names is there."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PITFALLS: dict[str, dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("network_pitfalls.toml").read_text()
)
COUNT = 114
"""Raised with each entry, so that none is lost."""
SECTIONS = {
    "1.2 peers", "1.3 asked for", "1.4 sessions", "1.4 safety nets", "1.4 Ansible",
    "1.4 orchestration", "3 figures",
}  # fmt: skip


@cache
def named_in(path: str) -> frozenset[str]:
    """The names of a module's tests, read and not run."""
    tree = ast.parse((ROOT / path).read_text())
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return frozenset(node.name for node in found if node.name.startswith("test_"))


def test_as_many_as_were_found() -> None:
    assert len(PITFALLS) == COUNT
    assert {each["of"] for each in PITFALLS.values()} == SECTIONS


@pytest.mark.parametrize("name", PITFALLS)
def test_each_is_handled_and_shown_or_cannot_befall_us(name: str) -> None:
    entry = PITFALLS[name]
    assert entry["says"]
    if "reason" in entry:
        assert set(entry) == {"of", "says", "reason"}
        assert len(entry["reason"]) > 40
        return
    assert entry["handled"]
    assert entry["tests"]
    for module in entry["handled"]:
        assert (ROOT / "provisioner" / module).exists() or (ROOT / module).is_dir(), module
    for test in entry["tests"]:
        path, _, function = test.partition("::")
        assert function in named_in(path), test


def test_what_is_called_a_pitfall_is_in_the_list() -> None:
    """A test of a platform that names a pitfall is named here as well."""
    named = {test for entry in PITFALLS.values() for test in entry.get("tests", ())}
    for path in [*ROOT.glob("tests/*/test_routeros_*.py"), *ROOT.glob("tests/*/test_ios_*.py")]:
        relative = str(path.relative_to(ROOT))
        for function in named_in(relative):
            if function.startswith("test_pitfall_"):
                assert any(each.endswith(f"::{function}") for each in named), (relative, function)


def test_the_table_of_cases_names_files_that_are_there() -> None:
    text = (ROOT / "docs" / "platforms.md").read_text().partition("## Contract cases")[2]
    rows = [line.split("|")[2:-1] for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) > 25
    assert {len(row) for row in rows} == {4}
    kinds = r"(?:ios|routeros|openwrt|linux|ansible|network)_[a-z]+"
    word = re.compile(rf"(?<!mikrotik_)\b((?:unit|lab|dataplane)/)?({kinds})\b")
    named = {found for row in rows[1:] for cell in row for found in word.findall(cell)}
    assert len(named) > 20
    for folder, name in named:
        assert (ROOT / "tests" / (folder or "contract") / f"test_{name}.py").is_file(), name
