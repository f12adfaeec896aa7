"""Files read as YAML; what keeps one from it is told in words and with its line, never a value."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from provisioner.errors import Misconfigured
from provisioner.texts import Message, say


def read_yaml(path: Path) -> Any:
    """What the file holds; None where it is empty. Raises Misconfigured as ``fault_in`` tells."""
    root = _sound(path)
    try:
        return SafeConstructor().construct_document(root) if root else None
    except yaml.YAMLError as error:  # a tag of another program
        raise _not_yaml(path, error) from None


def fault_in(path: Path) -> Misconfigured | None:
    """Why the file is nothing that anybody reads; None where it is sound YAML, or empty.

    A key that stands twice in one group is a fault, instead of the last one winning.
    """
    try:
        _sound(path)
    except Misconfigured as fault:
        return fault
    return None


def _sound(path: Path) -> yaml.Node | None:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), yaml.SafeLoader)
    except FileNotFoundError:
        why = say("there is no such file; `provisioner init` makes one")
        raise Misconfigured(str(path), "-", why) from None
    except OSError as error:
        why = say("cannot be read: %(why)s", why=error.strerror or "?")
        raise Misconfigured(str(path), "-", why) from None
    except UnicodeDecodeError:
        raise Misconfigured(str(path), "-", say("must be text in UTF-8")) from None
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from None
    for key in _given_twice(root, set()) if root else ():
        why = say("the key %(key)s is given twice; remove one", key=str(key.value))
        raise _at(path, key.start_mark, why)
    return root


def _not_yaml(path: Path, error: yaml.YAMLError) -> Misconfigured:
    """The parser's complaint about the file."""
    why = say("is not proper YAML: %(why)s", why=getattr(error, "problem", None) or "?")
    return _at(path, getattr(error, "problem_mark", None), why)


def _at(path: Path, mark: yaml.Mark | None, why: Message) -> Misconfigured:
    return Misconfigured(str(path), f"line {mark.line + 1}" if mark else "-", why)


def _given_twice(node: yaml.Node, seen: set[int]) -> Iterator[yaml.ScalarNode]:
    """Keys that stood in the same group before, in the order of the file."""
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _given_twice(item, seen)
    if isinstance(node, yaml.MappingNode):
        keys: set[tuple[str, str]] = set()
        for key, value in node.value:
            merged = key.tag == "tag:yaml.org,2002:merge"
            if isinstance(key, yaml.ScalarNode) and not merged:
                if (key.tag, key.value) in keys:
                    yield key
                keys.add((key.tag, key.value))
            yield from _given_twice(value, seen)
