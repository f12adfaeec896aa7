"""Every text of the console and the interface can be read in Indonesian."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import jinja2

import api
from provisioner.texts import catalogue

PACKAGE = Path(api.__file__).parent


def _said() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path}: not a literal"
                yield str(first.value)
    environment = jinja2.Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in (PACKAGE / "templates").glob("*.html"):
        for _, function, found in environment.extract_translations(path.read_text()):
            if function == "_":
                yield str(found[0] if isinstance(found, tuple) else found)


def test_nothing_is_left_in_english() -> None:
    indonesian = catalogue("id")
    plain = {"%(why)s"}
    assert sorted(set(_said()) - set(indonesian) - plain) == []


def test_places_for_values_are_the_same() -> None:
    indonesian = catalogue("id")
    for template in set(_said()) & set(indonesian):
        names = {part.partition(")")[0] for part in template.split("%(")[1:]}
        other = {part.partition(")")[0] for part in indonesian[template].split("%(")[1:]}
        assert names == other, template
