"""First contact with hosts and devices: their SSH keys shown in a table, compared, kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from provisioner.commands.known_hosts import KnownHosts, State, entry_name
from provisioner.commands.output import (
    FAILED,
    agreed,
    complain,
    language,
    print_json,
    print_table,
    tell,
)
from provisioner.drivers.host_keys import Presented, Target, presented_host_keys
from provisioner.errors import ProvisionerError
from provisioner.settings import Settings
from provisioner.texts import render, say

_ON_CONSOLE: Mapping[str, str] = {
    "cisco_ios": "show ip ssh",
    "mikrotik_routeros": "/ip ssh export-host-key key-file-prefix=trust",
    "openwrt": "dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key",
    "linux": "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
}
"""What shows the key on the device's own console."""


@dataclass(frozen=True)
class Contact:
    """A host to be looked at; ``name`` is what a person calls it, ``platform`` may be ''."""

    name: str
    host: str
    port: int
    platform: str = ""

    @property
    def entry(self) -> str:
        return entry_name(self.host, self.port)


@dataclass(frozen=True)
class Shown:
    """What a host presented, and whether that is on record."""

    contact: Contact
    key: Presented
    state: State


@dataclass(frozen=True)
class Consent:
    """How keys are accepted: by the person asked, or by fingerprints read elsewhere.

    ``changed`` lets ``yes`` replace keys on record too.
    """

    yes: bool
    changed: bool
    fingerprints: frozenset[str]


def trust_hosts(
    settings: Settings, contacts: Sequence[Contact], consent: Consent, as_json: bool
) -> None:
    """Look at all of them at once, show, ask, keep; ends with status 1 where one is not trusted.

    A fingerprint given has to be presented by a host that is looked at, or it counts as wrong.
    """
    known = KnownHosts(settings.path(settings.ssh.known_hosts))
    targets = {c.name: Target(c.host, c.port, known.kinds(c.entry)) for c in contacts}
    found = presented_host_keys(targets)
    shown: list[Shown] = []
    silent: dict[str, ProvisionerError] = {}
    for contact in contacts:
        key = found[contact.name]
        if isinstance(key, Presented):
            shown.append(Shown(contact, key, known.state(contact.entry, key)))
        else:
            silent[contact.name] = key
    if not as_json:
        _table(shown)
        for failure in silent.values():
            tell(failure.what)
    if len(contacts) == 1 and silent:
        raise silent[contacts[0].name]
    accepted = _accepted(shown, consent, known)
    if accepted:
        known.keep((one.contact.entry, one.key) for one in accepted)
    trusted = {one.contact.name for one in (*accepted, *_of(shown, "known"))}
    if as_json:
        print_json(_as_json(shown, silent, trusted, str(known.path), single=len(contacts) == 1))
    else:
        for one in accepted:
            name = one.contact.name
            tell(say("%(host)s is trusted: %(path)s", host=name, path=str(known.path)))
        counts = Counter(one.state for one in shown if one.contact.name not in trusted)
        if counts or silent:
            tell(say("Not trusted: %(count)s", count=counts.total() + len(silent)))
    if len(trusted) < len(contacts):
        raise typer.Exit(FAILED)


def _accepted(shown: Sequence[Shown], consent: Consent, known: KnownHosts) -> list[Shown]:
    fresh, changed = _of(shown, "new"), _of(shown, "changed")
    if consent.fingerprints:
        fresh, changed = _matching([*shown], fresh, changed, consent)
    if consent.yes:
        return [*fresh, *(changed if consent.changed else _refuse_changed(changed, known))]
    accepted = [one for one in changed if _ask_changed(one, known)]
    if fresh:
        count = len(fresh)
        question = say("Does the machine itself show the same?") if count == 1 else say(
            "Do these %(count)d machines themselves show the same?", count=count
        )  # fmt: skip
        if agreed(question, "--yes --fingerprint"):
            accepted += fresh
    if (fresh or changed) and not accepted and len(shown) == 1:
        raise ProvisionerError(say("Nothing was changed."))
    return accepted


def _matching(
    shown: list[Shown], fresh: list[Shown], changed: list[Shown], consent: Consent
) -> tuple[list[Shown], list[Shown]]:
    """Those that present one of the fingerprints given; raises where a host alone does not."""

    def right(one: Shown) -> bool:
        return one.key.fingerprint.rstrip("=") in consent.fingerprints

    wrong = [one for one in shown if not right(one)]
    if len(shown) == 1 and wrong:
        raise ProvisionerError(
            say(
                "%(where)s presents %(shown)s, which is not what you gave. Nothing was "
                "changed. Someone may be in between, or the machine was set up anew.",
                where=wrong[0].contact.name,
                shown=wrong[0].key.fingerprint,
            ),
            slug="wrong-fingerprint",
        )
    return [one for one in fresh if right(one)], [one for one in changed if right(one)]


def _refuse_changed(changed: Sequence[Shown], known: KnownHosts) -> list[Shown]:
    for one in changed:
        complain(
            say(
                "%(host)s shows ANOTHER key than line %(line)s of %(path)s. It is not accepted "
                "without --changed.",
                host=one.contact.name,
                line=known.line(one.contact.entry),
                path=str(known.path),
            )
        )
    return []


def _ask_changed(one: Shown, known: KnownHosts) -> bool:
    question = say(
        "%(host)s shows ANOTHER key than line %(line)s of %(path)s. Someone may be in between. "
        "Was it really set up anew, and does its own console show %(shown)s?",
        host=one.contact.name,
        line=known.line(one.contact.entry),
        path=str(known.path),
        shown=one.key.fingerprint,
    )
    return agreed(question, "--yes --fingerprint --changed")


def _of(shown: Sequence[Shown], state: State) -> list[Shown]:
    return [one for one in shown if one.state == state]


def _table(shown: Sequence[Shown]) -> None:
    words: Mapping[State, Callable[[], str]] = {
        "new": lambda: render(say("new"), language()),
        "known": lambda: render(say("known"), language()),
        "changed": lambda: render(say("CHANGED"), language()),
    }
    headers = (
        say("Host"), say("Key"), say("Fingerprint"), say("State"), say("On its own console"),
    )  # fmt: skip
    rows = [
        [
            one.contact.name,
            one.key.kind,
            one.key.fingerprint,
            words[one.state](),
            _ON_CONSOLE.get(one.contact.platform),
        ]
        for one in shown
    ]
    if rows:
        print_table(headers, rows)


def _as_json(
    shown: Sequence[Shown],
    silent: Mapping[str, ProvisionerError],
    trusted: set[str],
    path: str,
    single: bool,
) -> dict[str, Any]:
    hosts: list[dict[str, Any]] = [
        {
            "host": one.contact.name,
            "entry": one.contact.entry,
            "type": one.key.kind,
            "key": f"{one.key.kind} {one.key.data}",
            "fingerprint": one.key.fingerprint,
            "state": one.state,
            "trusted": one.contact.name in trusted,
            "trouble": None,
        }
        for one in shown
    ]
    hosts += [
        {"host": name, "trusted": False, "trouble": render(why.what, language())}
        for name, why in silent.items()
    ]
    beside = {"host": shown[0].contact.entry, "key": hosts[0]["key"]} if single and shown else {}
    return {**beside, "known_hosts": path, "hosts": hosts}
