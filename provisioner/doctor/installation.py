"""What has to be right on this machine: folders, keys, database."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_ssh_private_key
from sqlalchemy.exc import SQLAlchemyError

from provisioner import schema
from provisioner.database import Database
from provisioner.doctor.finding import Finding
from provisioner.errors import Misconfigured
from provisioner.secrets import SecretStore
from provisioner.settings import Settings
from provisioner.texts import say


def examine_installation(settings: Settings) -> Iterator[Finding]:
    """Every finding of this machine; a temporary file in data_dir is all that is written."""
    yield _data_dir(settings)
    yield _private_file(settings, "secrets.key", settings.secrets.key)
    yield _database(settings)
    yield _identity(settings)


def _data_dir(settings: Settings) -> Finding:
    path = settings.path(settings.data_dir)
    try:
        with tempfile.NamedTemporaryFile(dir=path):
            return Finding("data_dir", "ok", say("%(path)s can be written to.", path=str(path)))
    except OSError as error:
        what = say("%(path)s cannot be written to: %(why)s", path=str(path), why=error.strerror)
        todo = say("Make the folder, owned by the account that runs provisioner.")
        return Finding("data_dir", "failed", what, todo)


def _private_file(settings: Settings, subject: str, reference: str) -> Finding:
    kind, _, name = reference.partition(":")
    try:
        settings.secret(reference)
    except Misconfigured as fault:
        return Finding(subject, "failed", fault.what, say("`provisioner init` makes a new one."))
    path = settings.path(Path(name))
    if kind == "file" and path.stat().st_mode & 0o077:
        what = say("%(path)s can be read by other accounts.", path=str(path))
        return Finding(subject, "failed", what, say("chmod 600 %(path)s", path=str(path)))
    return Finding(subject, "ok", say("It is there, and for its owner only."))


def _database(settings: Settings) -> Finding:
    database = Database(settings.absolute_database_url)
    try:
        schema.check(database, str(settings.base / "provisioner.toml"))
        count = SecretStore(database, lambda: settings.secret(settings.secrets.key)).check()
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).partition("\n")[0]
        what = say("It does not answer: %(why)s", why=why)
        return Finding("database", "failed", what, say("Check database_url and the server."))
    except Misconfigured as fault:
        return Finding("database", "failed", fault.what)
    finally:
        database.close()
    return Finding("database", "ok", say("Up to date; %(count)s secrets can be read.", count=count))


def _identity(settings: Settings) -> Finding:
    reference = settings.ssh.identity
    finding = _private_file(settings, "ssh.identity", reference)
    if finding.verdict != "ok":
        return finding
    try:
        load_ssh_private_key(settings.secret(reference).encode() + b"\n", password=None)
    except ValueError:
        what = say("It is no OpenSSH private key without a passphrase.")
        todo = say("Make one with `ssh-keygen -t ed25519 -N ''`, or move it away and run init.")
        return Finding("ssh.identity", "failed", what, todo)
    return finding
