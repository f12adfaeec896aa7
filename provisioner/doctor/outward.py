"""What the office needs of others: a mail server that answers, and the holidays of next year."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.catalogue import Inventory
from provisioner.database import now
from provisioner.doctor.finding import Finding
from provisioner.errors import ProvisionerError
from provisioner.notices.mail import Mailer
from provisioner.settings import Settings
from provisioner.texts import say
from provisioner.worktime import holiday_data_until, year_without_holidays


def examine_mail(settings: Settings) -> Iterator[Finding]:
    """Signs in to the mail server, and sends nothing."""
    terms, subject = settings.notifications.mail, "notifications.mail"
    if terms is None:
        return
    try:
        Mailer(settings, terms).probe()
    except ProvisionerError as failure:
        todo = say("Correct [notifications.mail] in provisioner.toml, or see to the server.")
        yield Finding(subject, "failed", failure.what, todo)
    else:
        yield Finding(subject, "ok", say("%(host)s answers and lets us in.", host=terms.host))


def examine_holidays(inventory: Inventory) -> Iterator[Finding]:
    """Whether the collective leave is known as far as deadlines reach."""
    lacking = year_without_holidays(now().astimezone(inventory.office.zone).date())
    if lacking is None:
        known = holiday_data_until()
        yield Finding("calendar", "ok", say("Holidays are known until %(year)s.", year=known))
    else:
        yield Finding(
            "calendar",
            "warning",
            say("The collective leave of %(year)s is not known yet", year=lacking),
            say("Renew the program, or write the days into extra_holidays of office.yml."),
        )
