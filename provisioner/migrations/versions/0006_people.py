"""one-time codes of people, and what is known of their sessions."""

from __future__ import annotations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    pass
