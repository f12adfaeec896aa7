"""All rules: those of every file of this folder, in the order of the files' names."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from provisioner.checks import rules
from provisioner.checks.rules import Rule


def _found() -> tuple[Rule, ...]:
    names = sorted(module.name for module in iter_modules(rules.__path__))
    modules = [import_module(f"{rules.__name__}.{name}") for name in names if name != "all"]
    return tuple(rule for module in modules for rule in module.RULES)


RULES: tuple[Rule, ...] = _found()
