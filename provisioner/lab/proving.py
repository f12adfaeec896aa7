"""The acceptance of a whole site, simulated or real, by its configuration alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioner.errors import Mistake, ProvisionerError, StepFailure
from provisioner.settings import Settings
from provisioner.texts import Message, render, say

PARTS = ("cluster", "devices")


@dataclass(frozen=True)
class Proof:
    """One thing that was proven, or with ``why`` was not."""

    part: str
    subject: str
    what: Message
    seconds: float
    why: Message | None = None
    next: Message | None = None

    def line(self) -> Message:
        """For people: seconds, verdict, subject, what."""
        if self.why is None:
            return say(
                "%(seconds)s s  yes  %(subject)s  %(what)s",
                seconds=f"{self.seconds:6.2f}",
                subject=f"{self.subject:<14}",
                what=self.what,
            )
        return say(
            "%(seconds)s s  NO   %(subject)s  %(what)s  %(why)s",
            seconds=f"{self.seconds:6.2f}",
            subject=f"{self.subject:<14}",
            what=self.what,
            why=self.why,
        )

    def to_json(self, language: str) -> dict[str, Any]:
        return {
            "part": self.part,
            "subject": self.subject,
            "what": render(self.what, language),
            "seconds": round(self.seconds, 3),
            "proven": self.why is None,
            "why": None if self.why is None else render(self.why, language),
            "next": None if self.next is None else render(self.next, language),
        }


def prove(
    settings: Settings, *, cluster: str = "", place: str = "", only: str = ""
) -> Iterator[Proof]:
    """Everything that can be proven there, each as it is done. Raises Mistake for wrong names."""
    if only not in ("", *PARTS):
        raise Mistake(say("There are these parts: %(parts)s", parts=", ".join(PARTS)))
    if cluster and cluster not in settings.clusters:
        known = ", ".join(settings.clusters)
        raise Mistake(
            say("There is no cluster %(name)s; these are: %(known)s", name=cluster, known=known)
        )
    if only in ("", "cluster"):
        for name in [cluster] if cluster else settings.clusters:
            yield from _cluster(settings, name)
    if only in ("", "devices"):
        from provisioner.lab.device_trial import device_trial

        yield from device_trial(settings, place)


def _cluster(settings: Settings, name: str) -> Iterator[Proof]:
    from provisioner.lab.trial import trial

    try:
        for what, seconds in trial(settings, name):
            yield Proof("cluster", name, what, seconds)
    except ProvisionerError as error:
        after = error.next if isinstance(error, StepFailure) else None
        yield Proof("cluster", name, say("A VM from clone to login."), 0.0, error.what, after)
