"""What the settings say of signing in."""

from __future__ import annotations

from datetime import timedelta

from provisioner.people.service import Terms
from provisioner.settings import Settings


def terms_of(settings: Settings) -> Terms:
    """How long a browser stays signed in, and of whom one-time codes are asked."""
    people = settings.people
    return Terms(
        session=timedelta(hours=people.session_hours),
        idle=timedelta(minutes=people.idle_minutes),
        codes_required=people.totp_for_approvers == "required",
    )
