"""office.yml: when people are warned of a deadline, and when their superior is told."""

from __future__ import annotations

from pydantic import Field

from provisioner.catalogue.fields import DataModel


class Escalation(DataModel):
    """What is told of a deadline, and when."""

    warn_at: float = Field(
        0.8, gt=0, lt=1, description="share of the working time used up at which people are warned"
    )
    after_working_days: int = Field(
        1,
        strict=True,
        ge=0,
        le=60,
        description="working days late after which the superior is told; 0: when it becomes late",
    )
