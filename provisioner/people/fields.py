"""What the fields of an account have to look like."""

from __future__ import annotations

import re
from collections.abc import Iterable

from provisioner.errors import FieldError, Invalid
from provisioner.people.model import Role
from provisioner.people.passwords import hash_password
from provisioner.people.rules import DEPARTMENT, PASSWORD_LENGTH, USERNAME
from provisioner.texts import LANGUAGES, Message, say

_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{4,24}")
_EMAIL = re.compile(
    r"[^@\s\"'<>\\]{1,64}@(?=.{1,180}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)  # as applicants give theirs


def check(pointer: str, holds: object, message: Message) -> None:
    """Raise Invalid for that field unless it holds."""
    if not holds:
        raise Invalid([FieldError(pointer, message)])


def check_username(username: str) -> None:
    """Raises Invalid."""
    check(
        "/username",
        USERNAME.fullmatch(username),
        say(
            "A user name has 2 to 32 characters: small letters, digits, dot, dash and underscore, "
            "beginning with a letter."
        ),
    )


def name_of(name: str) -> str:
    """A person's or department's name, cleaned. Raises Invalid."""
    cleaned = " ".join(name.split())
    check("/name", cleaned, say("A name is needed."))
    check("/name", len(cleaned) <= 120 and cleaned.isprintable(), say("This name is too long."))
    return cleaned


def check_language(language: str) -> None:
    """Raises Invalid."""
    check("/language", language in LANGUAGES, say("Only id and en are known."))


def check_department(id: str) -> None:
    """Raises Invalid for what cannot be a department's short name."""
    check(
        "/id",
        DEPARTMENT.fullmatch(id),
        say(
            "A department's short name has up to 40 letters, digits, dots, dashes and underscores."
        ),
    )


def email_of(email: str | None) -> str | None:
    """An address, or None for nothing. Raises Invalid."""
    given = (email or "").strip()
    check(
        "/email",
        not given or _EMAIL.fullmatch(given),
        say("is not an e-mail address; write it like nama@purbalinggakab.go.id"),
    )
    return given or None


def phone_of(phone: str | None) -> str | None:
    """A telephone number, or None for nothing. Raises Invalid."""
    given = (phone or "").strip()
    check(
        "/phone",
        not given or _PHONE.fullmatch(given),
        say("is not a telephone number; write it like 0281 891234 or +62 812 3456 7890"),
    )
    return given or None


def hash_of(password: str) -> str:
    """The password's hash. Raises Invalid for one too short or too long."""
    check(
        "/password",
        len(password) in PASSWORD_LENGTH,
        say("A password has at least %(least)s characters.", least=PASSWORD_LENGTH.start),
    )
    return hash_password(password)


def roles_of(roles: Iterable[Role | str], department: str | None) -> list[Role]:
    """The roles, in order. Raises Invalid."""
    wanted = sorted({str(role) for role in roles})
    known = {str(role) for role in Role}
    check(
        "/roles",
        wanted and known.issuperset(wanted),
        say("At least one of these roles: %(roles)s.", roles=", ".join(Role)),
    )
    granted = [Role(role) for role in wanted]
    check(
        "/department",
        department or Role.APPLICANT not in granted,
        say("An applicant belongs to a department."),
    )
    return granted
