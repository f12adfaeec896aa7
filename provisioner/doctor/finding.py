"""One thing that the doctor looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from provisioner.texts import Message, Phrase, render

Verdict = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``next`` says what to do about it.

    ``commands`` are the exact lines for a shell on one node of the cluster that mend it.
    """

    subject: str
    verdict: Verdict
    what: Message
    next: Phrase | None = None
    commands: tuple[str, ...] = ()

    def to_json(self, language: str) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "verdict": self.verdict,
            "what": render(self.what, language),
            "next": render(self.next, language) if self.next else None,
            "commands": list(self.commands),
        }
