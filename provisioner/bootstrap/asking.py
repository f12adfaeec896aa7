"""Wires asking: forms half filled in, contacts with applicants, tracking without an account."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.asking.forms import Forms
from provisioner.asking.tracking import Tracking
from provisioner.bootstrap.core import Core, Piece
from provisioner.requests.contacts import Contacts


@dataclass(frozen=True)
class Asking:
    """The services of asking."""

    forms: Forms
    contacts: Contacts
    tracking: Tracking


def asking_of(core: Core) -> Piece[Asking]:
    """Made from the core; housekeeping forgets forms that nobody touched for long."""
    forms = Forms(core.database, core.secrets, core.requests.intake)
    made = Asking(forms, Contacts(core.database), Tracking(core.database, core.secrets))
    return Piece(made, chores=[forms.tidy])
