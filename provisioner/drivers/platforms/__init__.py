"""The platforms of network devices: one module each, named as ``provisioner_platform`` says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from provisioner.drivers.ansible.runner import Runner
from provisioner.drivers.network import NetworkPlatform
from provisioner.drivers.sessions.batches import Sessions


@dataclass(frozen=True)
class Means:
    """What a platform may use: sessions over SSH, or playbooks."""

    sessions: Sessions
    playbooks: Runner


@cache
def names() -> tuple[str, ...]:
    """Every platform that the program drives: the modules of this package."""
    return tuple(sorted(module.name for module in iter_modules(__path__)))


def platform(name: str, means: Means) -> NetworkPlatform:
    """The platform of that name; its module has a function ``platform(means)``."""
    module = import_module(f"{__name__}.{name}")
    return cast(NetworkPlatform, module.platform(means))
