"""The checks, one module each, found by being here: what each is, and how it judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from provisioner.checks.model import Check, Result
from provisioner.checks.seen import Seen
from provisioner.errors import NotFound
from provisioner.texts import say


class CheckModule(Protocol):
    """What a module of this package offers."""

    @property
    def CHECK(self) -> Check:  # noqa: N802
        """What it is."""
        ...

    def judge(self, seen: Seen) -> Iterator[Result]:
        """A result for each place that it concerns; pure, and the same for the same ``seen``."""
        ...


def _found() -> dict[str, CheckModule]:
    names = sorted(module.name for module in iter_modules(__path__))
    modules = [cast(CheckModule, import_module(f"{__name__}.{name}")) for name in names]
    return {module.CHECK.key: module for module in modules}


CATALOGUE: Mapping[str, CheckModule] = _found()
"""By key, in the order of the modules' names."""


def standard() -> tuple[Check, ...]:
    """What is made where nobody names checks."""
    return tuple(each.CHECK for each in CATALOGUE.values() if not each.CHECK.heavy)


def check(key: str) -> Check:
    """The check of that key. Raises NotFound, saying which there are."""
    if key not in CATALOGUE:
        raise NotFound(
            say(
                "There is no check %(key)s. There are: %(keys)s.",
                key=key,
                keys=", ".join(sorted(CATALOGUE)),
            )
        )
    return CATALOGUE[key].CHECK
