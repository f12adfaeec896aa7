"""`provisioner trust`: show what a machine presents, and trust it once a person has compared it."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from provisioner.commands.files import replace
from provisioner.commands.output import AsJson, print_json, tell
from provisioner.errors import FieldError, Invalid, Misconfigured, ProvisionerError
from provisioner.settings import Settings, load_settings
from provisioner.texts import say

_ADDRESS = re.compile(
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:.]+\])(:(?P<port>\d{1,5}))?"
)

Fingerprints = Annotated[
    list[str] | None,
    typer.Option("--fingerprint", help="What it has to be, read elsewhere; repeatable."),
]


def trust(
    target: Annotated[
        str,
        typer.Argument(
            metavar="HOST|CLUSTER", help="Cluster, device of the inventory, or host[:port]."
        ),
    ],
    fingerprint: Fingerprints = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needs --fingerprint.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the certificates of a cluster or the SSH key of a host, and trust them if you say so.

    Compare with what the machine itself shows: on a PVE node
    `openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256`, on a host
    `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`. Example: provisioner trust dc1
    """
    if yes and not fingerprint:
        raise Invalid([FieldError("--yes", say("needs --fingerprint: nothing is trusted unseen"))])
    settings = load_settings()
    if target in settings.clusters:
        seen = _certificates(settings, target)
        _agree(seen, fingerprint or [], yes, as_json)
        _keep_certificates(settings, target, list(dict.fromkeys(seen.values())), as_json)
    else:
        host, port = _device(target, settings) or _address(target, settings)
        from provisioner.drivers.host_keys import presented_host_key

        key, shown = presented_host_key(host, port)
        _agree({f"{host}:{port}": shown}, fingerprint or [], yes, as_json)
        _keep_host_key(settings.path(settings.ssh.known_hosts), host, port, key, as_json)


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


def _device(target: str, settings: Settings) -> tuple[str, int] | None:
    """Where a device of the inventory answers; None where the target is none."""
    from provisioner.drivers.ansible.inventory import Hosts

    found = Hosts(settings)().get(target)
    return (found.address, found.port) if found else None


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
    if not yes and not typer.confirm("Does the machine itself show the same?", err=True):
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


def _keep_host_key(path: Path, host: str, port: int, key: str, as_json: bool) -> None:
    name = host if port == 22 else f"[{host}]:{port}"
    kind = key.split()[0]
    present = path.read_text().splitlines() if path.exists() else []
    for number, entry in enumerate(present, 1):
        fields = entry.split()
        if len(fields) < 3 or name not in fields[0].split(",") or fields[1] != kind:
            continue
        if fields[2] != key.split()[1]:
            raise Misconfigured(
                str(path),
                f"line {number}",
                say(
                    "holds another key for %(host)s; remove that line if the machine was really "
                    "set up anew, then run this again",
                    host=name,
                ),
            )
        break
    else:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(path, "\n".join([*present, f"{name} {key}"]) + "\n", 0o644)
    if as_json:
        print_json({"host": name, "key": key, "known_hosts": str(path)})
    else:
        tell(say("%(host)s is trusted: %(path)s", host=name, path=str(path)))
