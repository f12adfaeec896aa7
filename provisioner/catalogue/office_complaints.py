"""The part of office.yml that says how complaints are handled."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from provisioner.catalogue.fields import DataModel

Classification = Literal["light", "normative", "not_supervisory", "supervisory"]


class AnswerDays(DataModel):
    """Working days from receipt to answer; defaults as in service standards 24 and 25."""

    light: int = Field(5, ge=1, le=365, description="light (ringan)")
    normative: int = Field(5, ge=1, le=365, description="about rules and norms (normatif)")
    not_supervisory: int = Field(
        14, ge=1, le=365, description="of no supervisory weight (tidak berkadar pengawasan)"
    )
    supervisory: int = Field(
        60, ge=1, le=365, description="of supervisory weight, needing an examination"
    )
    other: int = Field(5, ge=1, le=365, description="to acknowledge a suggestion or appreciation")


class ComplaintHandling(DataModel):
    """Deadlines, team and retention of complaints."""

    answer_working_days: AnswerDays = Field(
        AnswerDays(), description="working days to answer, by class"
    )
    classify_working_days: int = Field(
        1, ge=1, le=30, description="working days within which a complaint has to be classified"
    )
    team: tuple[str, ...] = Field((), description="names of the complaint team (tim pengaduan)")
    officer_role: Literal["complaints", "head", "technician"] = Field(
        "complaints", description="role of the people that a complaint can be assigned to"
    )
    retention_days: int = Field(
        730, ge=1, le=36500,
        description="days after closing until the reporter's personal data may be erased",
    )  # fmt: skip

    def days_for(self, kind: str, classification: str | None) -> int | None:
        """Working days to answer; None while a complaint is not classified yet."""
        if kind != "complaint":
            return self.answer_working_days.other
        if classification is None:
            return None
        found: int = getattr(self.answer_working_days, classification)
        return found
