"""`secrets rotate` and `audit verify`: the encryption key, and the chain of events."""

from __future__ import annotations

from pathlib import Path

import typer

from provisioner import events
from provisioner.commands.files import replace
from provisioner.commands.output import FAILED, AsJson, print_json, tell
from provisioner.database import Database
from provisioner.errors import Misconfigured
from provisioner.housekeeping import anchors
from provisioner.secrets import SecretStore, new_key
from provisioner.settings import Settings, load_settings
from provisioner.texts import say

secrets_app = typer.Typer(help="Secrets at rest.", no_args_is_help=True)
audit_app = typer.Typer(help="The record of what happened.", no_args_is_help=True)

_KEYS_KEPT = 5
"""Histories of the engine are encrypted too, and only pruned, never encrypted anew."""


@secrets_app.command("rotate")
def secrets_rotate(as_json: AsJson = False) -> None:
    """Encrypt all stored secrets with a new key; may be broken off and run again at any time.

    The key file keeps former keys on its further lines: work in progress may still need them.
    Example: provisioner secrets rotate
    """
    settings = load_settings()
    path = _key_file(settings)
    present = settings.secret(settings.secrets.key).split()
    store = SecretStore(
        Database(settings.absolute_database_url), lambda: settings.secret(settings.secrets.key)
    )
    fresh = new_key()
    # From here on both keys are in the file, so that whatever instant this ends at, all is read.
    replace(path, "\n".join([fresh, *present]) + "\n")
    count = store.rotate(fresh)
    replace(path, "\n".join([fresh, *present][:_KEYS_KEPT]) + "\n")
    if as_json:
        print_json({"rotated": count})
    else:
        tell(say("%(count)s values are encrypted with the new key.", count=count))


@audit_app.command("verify")
def audit_verify(as_json: AsJson = False) -> None:
    """Check that no event was altered or removed; exit status 1 if one was.

    Chains are checked in themselves and against the anchors of each day in data_dir/anchors;
    copy those elsewhere now and then.

    Example: provisioner audit verify
    """
    settings = load_settings()
    database = Database(settings.absolute_database_url)
    with database.read() as session:
        faults = events.verify(session)
        for day, anchored in anchors(settings.path(settings.data_dir)):
            faults += [f"{day}: {fault}" for fault in events.verify_anchor(session, anchored)]
        records = len(events.heads(session))
    with database.write() as session:
        events.append(
            session, "system", "audit:verified",
            payload={"records": records, "faults": len(faults)},
        )  # fmt: skip
    if as_json:
        print_json({"records": records, "faults": faults})
    else:
        for fault in faults:
            tell(fault)
        tell(
            say("Faults found: %(count)s", count=len(faults))
            if faults
            else say("Everything is whole; records examined: %(count)s", count=records)
        )
    if faults:
        raise typer.Exit(FAILED)


def _key_file(settings: Settings) -> Path:
    kind, _, name = settings.secrets.key.partition(":")
    if kind != "file":
        raise Misconfigured(
            "provisioner.toml",
            "secrets.key",
            say("has to be file:PATH for a rotation, or else the new key cannot be written"),
        )
    return settings.path(Path(name))
