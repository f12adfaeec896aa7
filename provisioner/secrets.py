"""Secrets at rest, encrypted; and their hand-over by a link that opens once and expires."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from provisioner import events
from provisioner.database import Base, Database, now
from provisioner.errors import Conflict, Misconfigured, NotFound
from provisioner.texts import say

HANDOVER_HOURS = 72
_MASK = "•••"


class Secret(Base):
    """One secret, encrypted; ``owner`` is a record's name or an instance's id."""

    __tablename__ = "prov_secret"

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    owner: Mapped[str] = mapped_column(index=True)
    encrypted: Mapped[str]
    created_at: Mapped[datetime]


class Handover(Base):
    """A link that shows some secrets once. The token is found by its digest, and kept encrypted
    only until it was used, so that the report can show the link."""

    __tablename__ = "prov_handover"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    encrypted_token: Mapped[str | None]
    secret_ids: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    opened_by: Mapped[str | None]


def new_key() -> str:
    """A fresh key for ``SecretStore``."""
    return Fernet.generate_key().decode()


class SecretStore:
    """Keeps secrets encrypted (Fernet: AES-128-CBC with HMAC-SHA-256).

    ``key`` returns one key per line, the first for writing, all for reading; it is asked at each
    use, so that a rotation reaches every process without a restart.
    """

    def __init__(self, database: Database, key: Callable[[], str]) -> None:
        self._database = database
        self._key = key

    def put(self, session: Session, kind: str, owner: str, value: str) -> str:
        """Keep a secret within the caller's transaction; returns its id, which is no secret."""
        row = Secret(
            id=f"sec_{secrets.token_hex(8)}",
            kind=kind,
            owner=owner,
            encrypted=self.encrypt(value),
            created_at=now(),
        )
        session.add(row)
        session.flush()
        return row.id

    def replace(self, session: Session, kind: str, owner: str, value: str) -> str:
        """As ``put``; an earlier secret of this kind and owner is forgotten."""
        self.forget_kind(session, kind, owner)
        return self.put(session, kind, owner, value)

    def forget_kind(self, session: Session, kind: str, owner: str) -> None:
        """Delete an owner's secrets of one kind within the caller's transaction."""
        session.execute(delete(Secret).where(Secret.owner == owner, Secret.kind == kind))

    def find(self, session: Session, kind: str, owner: str) -> str | None:
        """The id of the newest secret of this kind and owner."""
        return session.scalar(
            select(Secret.id)
            .where(Secret.owner == owner, Secret.kind == kind)
            .order_by(Secret.created_at.desc())
            .limit(1)
        )

    def get(self, id: str) -> str:
        """The secret itself; raises NotFound."""
        with self._database.read() as session:
            return self.values(session, [id])[0][1]

    def forget(self, session: Session, owner: str) -> None:
        """Delete all secrets and links of an owner within the caller's transaction."""
        session.execute(delete(Secret).where(Secret.owner == owner))
        session.execute(delete(Handover).where(Handover.owner == owner))

    def rotate(self, key: str) -> int:
        """Encrypt everything anew with ``key``, in one transaction; returns how many values.

        The present keys must still be there; those who read must have ``key`` from before the call
        on, in front of them (``provisioner secrets rotate`` sees to it).
        """
        ring = MultiFernet([*_ring(key), *_ring(self._key())])
        count = 0
        with self._database.write() as session:
            for row in session.scalars(select(Secret)):
                row.encrypted = _again(ring, row.encrypted)
                count += 1
            for link in session.scalars(
                select(Handover).where(Handover.encrypted_token.is_not(None))
            ):
                link.encrypted_token = _again(ring, link.encrypted_token or "")
                count += 1
            events.append(session, "system", "secrets:rotated", payload={"values": count})
        return count

    def encrypt(self, text: str) -> str:
        """The text, encrypted with the first key."""
        return MultiFernet(_ring(self._key())).encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """What ``encrypt`` was given; raises Misconfigured when no present key fits."""
        try:
            return MultiFernet(_ring(self._key())).decrypt(encrypted.encode()).decode()
        except InvalidToken as error:
            raise _wrong_key() from error

    def fingerprint(self, text: str) -> str:
        """Of the text, by HMAC-SHA-256 with a key derived from the first: nobody else can make it.

        Another after a rotation, so it is only for what may be forgotten then.
        """
        _ring(keys := self._key())
        first = keys.split()[0].encode()
        key = HKDF(hashes.SHA256(), 32, salt=None, info=b"provisioner fingerprint").derive(first)
        return hmac.digest(key, text.encode(), "sha256").hex()

    def check(self) -> int:
        """Decrypt every secret once; returns how many, raises Misconfigured if one cannot be."""
        with self._database.read() as session:
            return sum(1 for row in session.scalars(select(Secret)) if self._reads(row))

    def _reads(self, row: Secret) -> bool:
        self.decrypt(row.encrypted)
        return True

    def values(self, session: Session, ids: Sequence[str]) -> list[tuple[str, str]]:
        """(kind, secret) of each id, within the caller's session; raises NotFound."""
        rows = {row.id: row for row in session.scalars(select(Secret).where(Secret.id.in_(ids)))}
        missing = [id for id in ids if id not in rows]
        if missing:
            raise NotFound(say("The secret %(id)s is no longer kept.", id=missing[0]))
        return [(rows[id].kind, self.decrypt(rows[id].encrypted)) for id in ids]


@dataclass(frozen=True)
class HandoverStatus:
    """What the report says of a link; ``token`` is there while the link still opens."""

    expires_at: datetime
    opened_at: datetime | None
    opened_by: str | None
    token: str | None = field(repr=False)


class Handovers:
    """Links that hand secrets over once."""

    def __init__(self, database: Database, store: SecretStore) -> None:
        self._database = database
        self._store = store

    def create(
        self, session: Session, owner: str, secret_ids: Sequence[str], hours: float = HANDOVER_HOURS
    ) -> str:
        """A new link's token, within the caller's transaction; earlier links of the owner end."""
        session.execute(
            delete(Handover).where(Handover.owner == owner, Handover.opened_at.is_(None))
        )
        token = secrets.token_urlsafe(32)
        moment = now()
        session.add(
            Handover(
                owner=owner,
                digest=_digest(token),
                encrypted_token=self._store.encrypt(token),
                secret_ids=list(secret_ids),
                created_at=moment,
                expires_at=moment + timedelta(hours=hours),
            )
        )
        session.flush()
        return token

    def status(self, owner: str) -> HandoverStatus | None:
        """The owner's newest link, or None if there never was one."""
        with self._database.read() as session:
            row = session.scalar(
                select(Handover)
                .where(Handover.owner == owner)
                .order_by(Handover.id.desc())
                .limit(1)
            )
            if row is None:
                return None
            opens = row.opened_at is None and row.expires_at > now()
            token = self._store.decrypt(row.encrypted_token or "") if opens else None
            return HandoverStatus(row.expires_at, row.opened_at, row.opened_by, token)

    def has(self, session: Session, owner: str) -> bool:
        """Whether the owner has a link that opens, or was opened."""
        counts = Handover.opened_at.is_not(None) | (Handover.expires_at > now())
        found = session.scalar(select(Handover.id).where(Handover.owner == owner, counts).limit(1))
        return found is not None

    def owner(self, token: str) -> str | None:
        """Whose secrets the link hands over, used up or not; None for one that never was."""
        with self._database.read() as session:
            return session.scalar(select(Handover.owner).where(Handover.digest == _digest(token)))

    def peek(self, token: str) -> bool:
        """Whether the link would open; looking does not use it up."""
        with self._database.read() as session:
            return session.scalar(select(Handover.id).where(*_opens(token))) is not None

    def open(self, token: str, by: str = "link") -> dict[str, str]:
        """The secrets by their kind, once: of two who open at the same instant one gets them.

        Raises NotFound for a token that never was, Conflict(``handover-closed``) for one that was
        used or has expired. What has been handed over is recorded with its owner.
        """
        with self._database.write() as session:
            row = session.scalar(
                update(Handover)
                .where(*_opens(token))
                .values(opened_at=now(), opened_by=by, encrypted_token=None)
                .returning(Handover)
            )
            if row is None:
                raise _closed(session, token)
            values = dict(self._store.values(session, row.secret_ids))
            events.append(
                session,
                row.owner,
                "handover:opened",
                actor="system",
                payload={"by": by, "kinds": sorted(values)},
            )
            return values


def redact(text: str, values: Iterable[str]) -> str:
    """The text with every given secret masked; values under four characters are left alone."""
    for value in sorted({v for v in values if len(v) >= 4}, key=len, reverse=True):
        text = text.replace(value, _MASK)
    return text


def _opens(token: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Handover.digest == _digest(token),
        Handover.opened_at.is_(None),
        Handover.expires_at > now(),
    )


def _closed(session: Session, token: str) -> NotFound | Conflict:
    if session.scalar(select(Handover.id).where(Handover.digest == _digest(token))) is None:
        return NotFound(say("There is no such link."))
    return Conflict(
        say("This link was used already or has expired. Ask the office for a new one."),
        slug="handover-closed",
    )


def _again(ring: MultiFernet, encrypted: str) -> str:
    try:
        return ring.rotate(encrypted.encode()).decode()
    except InvalidToken as error:
        raise _wrong_key() from error


def _ring(keys: str) -> list[Fernet]:
    try:
        ring = [Fernet(line.strip()) for line in keys.splitlines() if line.strip()]
    except ValueError as error:
        raise Misconfigured(
            "provisioner.toml",
            "secrets.key",
            say("does not hold a key; `provisioner init` makes one"),
        ) from error
    if not ring:
        raise Misconfigured("provisioner.toml", "secrets.key", say("is empty"))
    return ring


def _wrong_key() -> Misconfigured:
    return Misconfigured(
        "provisioner.toml",
        "secrets.key",
        say("is not the key that the stored secrets were encrypted with; put the former key back"),
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
