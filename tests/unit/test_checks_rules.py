"""Every finding has a rule, every rule a finding, and both read as sentences."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from provisioner.checks import catalogue
from provisioner.checks.catalogue import CATALOGUE
from provisioner.checks.model import Check
from provisioner.checks.rules import Rule
from provisioner.checks.rules.all import RULES
from provisioner.texts import LANGUAGES, Message, render
from tests.unit.test_check_reds import REDS, findings

KEY = re.compile(r"[a-z]+\.[a-z_]+")
REMEDIES = re.compile(
    r"bounce_port|enable_port|cycle_power|drop_lease|restart_radio|instance\.[a-z_]+"
)
MADE_OF_PARTS = {"device.cpu", "device.memory", "device.storage"}
"""Keys that are put together from the name of what is over its limit."""


def texts(path: Path) -> Iterator[str]:
    """Every string of a module that looks like a key, but for its own check's."""
    for node in ast.walk(ast.parse(path.read_text())):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and KEY.fullmatch(text) and text not in CATALOGUE:
            yield text


def yielded() -> set[str]:
    """Keys of findings in the source of the checks; a check may bear the name of its finding."""
    folder = Path(catalogue.__path__[0])
    found = {text for path in folder.glob("*.py") for text in texts(path)} | MADE_OF_PARTS
    same = {rule.finding for rule in RULES} & CATALOGUE.keys()
    return found | {key for key in same if _twice(key)}


def _twice(key: str) -> bool:
    """Whether a module speaks of that key other than in its CHECK."""
    sources = (path.read_text() for path in Path(catalogue.__path__[0]).glob("*.py"))
    return any(text.count(f'"{key}"') > 1 for text in sources)


def test_every_finding_has_a_rule_and_every_rule_a_finding() -> None:
    known = {rule.finding for rule in RULES}
    keys = yielded()
    assert known - keys == set()
    assert {key for key in keys if key not in known} == set()


@pytest.mark.parametrize("name", REDS)
def test_causes_and_steps_can_be_read_in_both_languages(name: str) -> None:
    for found in findings(REDS[name][0]):
        rules = [rule for rule in RULES if rule.finding == found.key]
        assert rules
        for rule in rules:
            for text in (rule.cause, rule.next):
                values = {**found.values, "place": str(found.place)}
                for language in LANGUAGES:
                    read = render(Message(text.template, values), language)
                    assert read
                    assert "%(" not in read


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.finding)
def test_what_a_rule_explains_and_offers_exists(rule: Rule) -> None:
    known = {each.finding for each in RULES}
    for pattern in (*rule.explains, *rule.along):
        assert [key for key in known if fnmatchcase(key, pattern)], pattern
    assert all(REMEDIES.fullmatch(each) for each in rule.remedies)


def test_nothing_explains_itself_in_a_circle_at_one_place() -> None:
    """Two findings of one place that explain each other would leave no cause."""
    explains = {
        rule.finding: {
            each.finding
            for each in RULES
            if each.finding != rule.finding
            and any(fnmatchcase(each.finding, pattern) for pattern in rule.explains)
        }
        for rule in RULES
    }
    circles = {
        frozenset((one, other))
        for one, others in explains.items()
        for other in others
        if one in explains.get(other, ())
    }
    assert circles == set()


@pytest.mark.parametrize("check", [each.CHECK for each in CATALOGUE.values()], ids=lambda c: c.key)
def test_every_check_says_what_it_proves_and_what_to_do(check: Check) -> None:
    said = [check.title, check.proves, check.meaning, check.next]
    assert all(str(each).strip() for each in said)
    assert check.limit > 0
    assert check.topics or check.needs


def test_technicians_can_read_up_on_every_check_and_cause() -> None:
    told = (Path(__file__).parents[2] / "docs/troubleshooting.md").read_text()
    keys = {*CATALOGUE, *(rule.finding for rule in RULES)}
    assert {key for key in keys if f"`{key}`" not in told} == set()
