"""Plans a look at a fault, or one remedy; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.plans.model import Change, Claim, Plan, Risk, Step
from provisioner.plans.refusals import check_pinned, refuse
from provisioner.services.troubleshooting.details import RemedyDetails, TroubleDetails
from provisioner.texts import Message, Phrase, say

SERVICE = "troubleshooting"
DIAGNOSE, DO, AGAIN = "checks.diagnose", "device.remedy", "checks.again"
_SECONDS_OF_A_LOOK, _SECONDS_OF_A_REMEDY = 45, 90


@dataclass(frozen=True)
class TroubleSight:
    """What is known of what a request names, a moment ago."""

    target: str
    """Written whole: ``site:smp-1``."""
    title: str
    devices: tuple[str, ...] = ()
    """That are asked, the user's end first."""


@dataclass(frozen=True)
class RemedySight:
    """The device of a remedy, a moment ago."""

    known: bool
    """Whether it is in the inventory and can be driven."""
    leads_on: tuple[str, ...] = ()
    """Devices that are reached by the port, by network.yml: the remedy cuts them off as well."""
    to_core: bool = False
    """Whether the port leads to the core: the device itself would be cut off."""
    red: tuple[str, ...] = ()
    """Keys of the checks that were red where the remedy was proposed."""


def plan_diagnosis(
    details: TroubleDetails, sight: TroubleSight, pinned: Mapping[str, Any] | None = None
) -> Plan:
    """One look along the way; it changes nothing anywhere."""
    choices = {"target": sight.target}
    check_pinned(pinned, choices)
    step = Step(
        key="diagnose",
        kind=DIAGNOSE,
        title=say("Check everything on the way and name the cause"),
        target=sight.title,
        driver="checks",
        params={"target": sight.target, "symptom": details.symptom},
    )
    return Plan(
        service=SERVICE,
        choices=choices,
        objects={},
        summary=say(
            "Looks at %(title)s from its users to the core: %(count)d devices are asked, "
            "nothing is changed.",
            title=sight.title,
            count=len(sight.devices),
        ),
        steps=(step,),
        claims=(),
        risks=(Risk("low", say("Nothing is changed; every device is only asked.")),),
        expected_seconds=_SECONDS_OF_A_LOOK,
    )


def plan_remedy(
    details: RemedyDetails, sight: RemedySight, pinned: Mapping[str, Any] | None = None
) -> Plan:
    """One remedy, and the checks that were red once more. Raises Conflict(``not-plannable``)."""
    device, what = details.device, _what(details)
    if not sight.known:
        refuse(say("%(device)s is not a device that we can drive.", device=device), device=device)
    if sight.to_core:
        refuse(
            say(
                "%(what)s of %(device)s leads to the core: the device would cut itself off. "
                "Somebody has to do it there.",
                what=what,
                device=device,
            ),
            device=device,
        )
    choices = {key: value for key, value in details.model_dump().items() if key != "reason"}
    check_pinned(pinned, choices)
    did = Step(
        key="remedy",
        kind=DO,
        title=TITLES[details.remedy],
        target=f"{device}:{what}" if isinstance(what, str) and what else device,
        driver="netmiko",
        params={k: v for k, v in choices.items() if v is not None and k not in ("action", "check")},
        changes=(Change(say("%(what)s of %(device)s", what=what, device=device),
                        say("as it is"), _AFTER[details.remedy]),),
    )  # fmt: skip
    steps = [did]
    if details.check is not None:
        steps.append(
            Step(
                key="again",
                kind=AGAIN,
                title=say("Check again what was red"),
                target=device,
                driver="checks",
                params={"check": details.check},
            )
        )
    return Plan(
        service=SERVICE,
        choices=choices,
        objects={},
        summary=say("%(title)s: %(what)s of %(device)s. Nothing that is set up changes.",
                    title=TITLES[details.remedy], what=what, device=device),
        steps=tuple(steps),
        claims=(Claim("device_object", device, f"remedy {what}", {"object": f"remedy {what}"}),),
        risks=_risks(details, sight),
        expected_seconds=_SECONDS_OF_A_REMEDY,
    )  # fmt: skip


def _what(details: RemedyDetails) -> Phrase:
    return details.port or details.address or details.radio or say("all radios")


def _risks(details: RemedyDetails, sight: RemedySight) -> tuple[Risk, ...]:
    found = [Risk("low", _FELT[details.remedy])]
    if sight.leads_on:
        behind = ", ".join(sight.leads_on)
        found.insert(
            0, Risk("medium", say("These devices are cut off meanwhile: %(devices)s",
                                  devices=behind))
        )  # fmt: skip
    return tuple(found)


TITLES: Mapping[str, Message] = {
    "bounce_port": say("Switch the port off and on again"),
    "enable_port": say("Switch the port on"),
    "cycle_power": say("Take the power away for ten seconds"),
    "drop_lease": say("Forget the lease, so that the client asks anew"),
    "restart_radio": say("Start the radio anew"),
}
_AFTER: Mapping[str, Message] = {
    "bounce_port": say("off for a moment, then on"),
    "enable_port": say("on"),
    "cycle_power": say("without power for ten seconds, then fed again"),
    "drop_lease": say("free"),
    "restart_radio": say("on, started anew"),
}
_FELT: Mapping[str, Message] = {
    "bounce_port": say("Whoever is connected at the port is cut off for some seconds."),
    "enable_port": say("Whoever is plugged in there is connected again."),
    "cycle_power": say("What is fed by the port starts anew; that takes some minutes."),
    "drop_lease": say("The client may be without a network until it asks for an address."),
    "restart_radio": say("Everybody on this radio is cut off for some seconds."),
}
