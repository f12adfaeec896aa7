"""Switches of the lab, examined by the driver."""

from __future__ import annotations

from dataclasses import replace

from provisioner.drivers.ios.session import Session
from provisioner.drivers.ios.work import Work
from provisioner.drivers.network import Host
from provisioner.drivers.network.examination import (
    TOPICS,
    Examination,
    Inquiry,
    PortHealth,
    Remedied,
    Remedy,
)
from provisioner.drivers.platforms.cisco_ios import IosPlatform
from provisioner.drivers.sessions.batches import Sessions
from provisioner.errors import StepFailure
from provisioner.settings import DeviceSettings
from tests.contract.ios_stage import LEAF, Stage

CORE = "sw-001"
DOWN = "GigabitEthernet1/0/1"
"""Of the core, towards the leaf."""


class QuickWork(Work):
    """Its remedies wait as long as a port of the lab needs."""

    pauses = (0.05, 0.1)


class QuickPlatform(IosPlatform):
    def work(self, host: Host, session: Session, settings: DeviceSettings) -> Work:
        return QuickWork(host, session, settings.command)


def quick(stage: Stage) -> QuickPlatform:
    known = stage.known_hosts
    return QuickPlatform(Sessions(lambda: stage.hosts, stage.settings, known, lambda: ""))


def asked(
    stage: Stage, host: str = CORE, inquiry: Inquiry | None = None
) -> Examination | StepFailure:
    return stage.platform.examine({host: inquiry or Inquiry()})[host]


def examined(stage: Stage, host: str = CORE, inquiry: Inquiry | None = None) -> Examination:
    found = asked(stage, host, inquiry)
    assert isinstance(found, Examination), found
    return found


def port(stage: Stage, host: str = CORE, name: str = DOWN) -> PortHealth:
    return examined(stage, host).ports[name]


def remedied(stage: Stage, remedy: Remedy, host: str = CORE) -> Remedied | StepFailure:
    return quick(stage).remedy({host: remedy})[host]


def still(examination: Examination) -> Examination:
    """Without what differs from one look to the next."""
    steady = replace(examination.system, uptime=None, clock_offset=None)
    return replace(examination, at=examination.at.min, seconds=0, login_seconds=0, system=steady)


__all__ = [
    "CORE", "DOWN", "LEAF", "TOPICS", "QuickPlatform", "asked", "examined", "port", "quick",
    "remedied", "still",
]  # fmt: skip
