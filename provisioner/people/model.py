"""Departments, people with their roles, tokens and sessions, as rows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from provisioner.database import Base


class Role(StrEnum):
    """What a person may do; one person may have several."""

    APPLICANT = "applicant"
    TECHNICIAN = "technician"
    APPROVER = "approver"
    HEAD = "head"
    COMPLAINTS = "complaints"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Department(Base):
    """An OPD; ``id`` is a short lower-case name such as ``dinkes``."""

    __tablename__ = "prov_department"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Person(Base):
    """Someone with an account; ``username`` signs in, ``name`` is shown."""

    __tablename__ = "prov_person"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    department_id: Mapped[str | None] = mapped_column(ForeignKey("prov_department.id"))
    language: Mapped[str] = mapped_column(default="id")
    email: Mapped[str | None]
    phone: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    roles: Mapped[list[PersonRole]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by="PersonRole.role"
    )


class PersonRole(Base):
    """One role of one person."""

    __tablename__ = "prov_person_role"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(primary_key=True)


class Token(Base):
    """An API token; only the SHA-256 of its random secret is kept."""

    __tablename__ = "prov_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), index=True
    )
    digest: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(default="")
    scopes: Mapped[list[str]]
    """Empty: everything that the person may do; else among ``policy.SCOPES``."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class WebSession(Base):
    """A signed-in browser; only the SHA-256 of its cookie is kept."""

    __tablename__ = "prov_web_session"

    digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """When it was last used, to some minutes."""
    address: Mapped[str]
    browser: Mapped[str]
    """As the browser names itself, cut short."""


class PendingSignIn(Base):
    """Someone whose password was right and whose code is still asked for."""

    __tablename__ = "prov_pending_sign_in"

    digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime]


class SecondFactor(Base):
    """A person's one-time codes (RFC 6238); their secret lies in the store of secrets."""

    __tablename__ = "prov_second_factor"

    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), primary_key=True
    )
    secret_id: Mapped[str]
    confirmed_at: Mapped[datetime | None]
    """None until a first code proved that the secret was taken over."""
    last_step: Mapped[int]
    """Of the last code used: neither it nor an older one works again."""


class RecoveryCode(Base):
    """One code for who has lost the telephone; deleted when used."""

    __tablename__ = "prov_recovery_code"

    digest: Mapped[str] = mapped_column(primary_key=True)
    """SHA-256 of the person's id and the code."""
    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), index=True
    )


class Invitation(Base):
    """A link with which a person sets a password, once."""

    __tablename__ = "prov_invitation"

    digest: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("prov_person.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime]


class SignInTry(Base):
    """What was tried since a moment: sign-ins, codes, numbers looked up (``limits``)."""

    __tablename__ = "prov_sign_in_try"

    key: Mapped[str] = mapped_column(primary_key=True)
    """A fingerprint by our own secret: who tried what name is nobody's business."""
    tries: Mapped[int]
    since: Mapped[datetime]
