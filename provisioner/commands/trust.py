"""`provisioner trust`: show what machines present, and trust it once a person has compared it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.commands.files import replace
from provisioner.commands.output import AsJson, agreed, print_json, tell
from provisioner.errors import FieldError, Invalid, ProvisionerError
from provisioner.settings import Settings, load_settings
from provisioner.texts import say

if TYPE_CHECKING:
    from provisioner.commands.trust_hosts import Contact

_ADDRESS = re.compile(
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\])(:(?P<port>\d{1,5}))?"
)

Fingerprints = Annotated[
    list[str] | None,
    typer.Option("--fingerprint", help="What it has to be, read elsewhere; repeatable."),
]


def trust(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[HOST|CLUSTER]...",
            help="A cluster, or devices of the inventory, or host[:port].",
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every device of the inventory that is driven.")
    ] = False,
    group: Annotated[
        list[str] | None, typer.Option("--group", help="Devices of a group; repeatable.")
    ] = None,
    fingerprint: Fingerprints = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needs --fingerprint.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="With --yes: replace other keys on record too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the certificates of a cluster or the SSH keys of hosts, and trust them if you say so.

    Compare with what the machine itself shows: on a PVE node
    `openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256`, on a host
    `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. Devices are looked at all at once; new keys
    are asked for together, a key that has changed by itself. Exit status 1 where one is not
    trusted. Example: provisioner trust --group switches
    """
    if yes and not fingerprint:
        raise Invalid([FieldError("--yes", say("needs --fingerprint: nothing is trusted unseen"))])
    settings = load_settings()
    named = targets or []
    if len(named) == 1 and named[0] in settings.clusters and not (every or group):
        seen = _certificates(settings, named[0])
        _agree(seen, fingerprint or [], yes, as_json)
        _keep_certificates(settings, named[0], list(dict.fromkeys(seen.values())), as_json)
        return
    from provisioner.commands.trust_hosts import Consent, trust_hosts

    contacts = _contacts(settings, named, every, group or [])
    given = frozenset(value.rstrip("=") for value in fingerprint or ())
    trust_hosts(settings, contacts, Consent(yes, changed, given), as_json)


def _contacts(
    settings: Settings, named: list[str], every: bool, groups: list[str]
) -> list[Contact]:
    """The hosts meant, each once. Raises Invalid where none is, or one is unknown."""
    from provisioner.commands.trust_hosts import Contact
    from provisioner.drivers.ansible.inventory import Hosts

    asked = every or groups or any(":" not in target for target in named)
    inventory = Hosts(settings)() if asked else {}
    chosen = {
        name: Contact(name, host.address, host.port, host.platform)
        for name, host in inventory.items()
        if name in named or (host.platform and (every or host.groups & set(groups)))
    }
    for target in named:
        if target not in chosen:
            host, port = _address(target, settings)
            chosen[target] = Contact(f"{host}:{port}", host, port)
    if not chosen:
        raise Invalid(
            [FieldError("HOST|CLUSTER", say("names no device; give --all, --group or names"))]
        )
    return list(chosen.values())


def _certificates(settings: Settings, cluster: str) -> dict[str, str]:
    from provisioner.drivers.proxmox.trust import seen_fingerprint

    seen = {}
    for url in settings.clusters[cluster].urls:
        try:
            seen[url] = seen_fingerprint(url)
        except OSError as error:
            why = say("%(url)s shows no certificate: %(why)s", url=url, why=str(error))
            raise ProvisionerError(why) from error
    return seen


def _address(target: str, settings: Settings) -> tuple[str, int]:
    match = _ADDRESS.fullmatch(target)
    if not match or not 0 < int(match["port"] or 22) < 65536:
        raise Invalid(
            [
                FieldError(
                    "HOST|CLUSTER",
                    say(
                        "neither a cluster (%(clusters)s) nor host or host:port",
                        clusters=", ".join(settings.clusters) or "-",
                    ),
                )
            ]
        )
    return match["host"].strip("[]"), int(match["port"] or 22)


def _agree(seen: dict[str, str], expected: list[str], yes: bool, as_json: bool) -> None:
    if not as_json:
        for where, shown in seen.items():
            tell(f"{where}  {shown}")
    known = {_normal(value) for value in expected}
    for where, shown in seen.items():
        if known and _normal(shown) not in known:
            raise ProvisionerError(
                say(
                    "%(where)s presents %(shown)s, which is not what you gave. Nothing was "
                    "changed. Someone may be in between, or the machine was set up anew.",
                    where=where,
                    shown=shown,
                ),
                slug="wrong-fingerprint",
            )
    question = say("Does the machine itself show the same?")
    if not yes and not agreed(question, "--yes --fingerprint"):
        raise ProvisionerError(say("Nothing was changed."))


def _normal(fingerprint: str) -> str:
    """SSH's fingerprints are base64 and mean their case, certificates' are hexadecimal."""
    kind, _, value = fingerprint.partition(":")
    digits = value.replace(":", "").upper()
    hexadecimal = re.fullmatch("[0-9A-F]{64}", digits)
    return f"{kind.upper()}:{digits if hexadecimal else value.rstrip('=')}"


def _keep_certificates(
    settings: Settings, cluster: str, fingerprints: list[str], as_json: bool
) -> None:
    line = f"verify = {json.dumps(fingerprints)}"
    path = settings.base / "provisioner.toml"
    written = _write_verify(path, cluster, line)
    if as_json:
        print_json({"cluster": cluster, "verify": fingerprints, "written": written})
    elif written:
        tell(say("Written to %(path)s: %(line)s", path=str(path), line=line))
    else:
        tell(say("Put this into [clusters.%(name)s] of provisioner.toml:", name=cluster))
        tell(line)


def _write_verify(path: Path, cluster: str, line: str) -> bool:
    """Change that one line of the file; False where doing so would change anything else."""
    try:
        before = path.read_text()
        wanted = tomllib.loads(before)
        wanted["clusters"][cluster]["verify"] = tomllib.loads(line)["verify"]
        section = re.escape(f"[clusters.{cluster}]")
        pattern = rf"(?ms)(^{section}[^\n]*\n(?:(?!^\[).)*?)^verify\s*=[^\n]*$"
        after = re.sub(pattern, lambda match: match[1] + line, before, count=1)
        if tomllib.loads(after) != wanted:
            return False
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return False
    replace(path, after, path.stat().st_mode & 0o777)
    return True
