"""New devices made ready for the program by a playbook each kind has: day_zero_*.yml."""

from __future__ import annotations

import difflib
import re
import secrets
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.hashes import MD5, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_ssh_private_key,
)

from provisioner.drivers.ansible.day_zero_data import DayZero, parsed, scrypt_hash, variables
from provisioner.drivers.ansible.inventory import Hosts
from provisioner.drivers.ansible.runner import Part, Runner, Verdict
from provisioner.drivers.network import Host
from provisioner.drivers.openwrt.answers import answer
from provisioner.drivers.sessions.failures import not_in_inventory
from provisioner.drivers.sessions.fanout import FanOut
from provisioner.errors import ActionNeeded, Misconfigured, Retriable, StepFailure
from provisioner.settings import DeviceSettings
from provisioner.texts import Message, say

SECONDS = 300.0
"""How long one device may take: a new RSA key takes an old switch minutes."""
_PLAYBOOKS = {
    "cisco_ios": "day_zero_switch.yml",
    "mikrotik_routeros": "day_zero_router.yml",
    "openwrt": "day_zero_access_point.yml",
}
_FACTORY = {"mikrotik_routeros": "admin", "openwrt": "root"}
"""Who enters a new device where the inventory does not say."""
_SHOWN = {"Set it up", "Show before and after", "Show what is to be typed", "Type it"}
"""Tasks whose changes are told line by line."""
_UNTRUSTED = re.compile(
    r"authenticity of host|Host key verification failed|host key is known|IDENTIFICATION HAS|"
    r"does not match|BadHostKey|mismatch"
)
_DENIED = re.compile(r"[Aa]uthentication failed|Permission denied|Invalid/incorrect password")
_AWAY = re.compile(
    r"refused|No route|unreachable|timed out|Timeout|connect to host|reset by|Unable to connect|"
    r"Connection closed|banner",
)


@dataclass(frozen=True)
class BroughtUp:
    """One device after a run; ``lines``: what was, or in check mode would be, changed there."""

    changed: bool
    lines: tuple[str, ...] = ()


class BringUp:
    """Plays the playbook of each platform on all of its devices that are named.

    ``identity`` gives the office's private key, whose public half new devices get. The caps of
    sessions hold as for every other batch. Nothing is done on a device that bears another name
    than a factory's or its own.
    """

    def __init__(
        self, hosts: Hosts, runner: Runner, settings: DeviceSettings, identity: Callable[[], str]
    ) -> None:
        self._hosts, self._fan_out, self._identity = hosts, FanOut(settings), identity
        self._runner = replace(runner, command=max(runner.command, SECONDS), one_session=True)

    def run(self, names: Sequence[str], check: bool = False) -> dict[str, BroughtUp | StepFailure]:
        """Every device's outcome; with ``check`` nothing is written.

        Raises Misconfigured where the inventory, or the office's key, cannot be used.
        """
        hosts, given = self._hosts(), self._hosts.variables(variables())
        found: dict[str, BroughtUp | StepFailure] = {}
        ready: dict[str, tuple[Host, DayZero]] = {}
        for name in names:
            host = hosts.get(name)
            if host is None:
                found[name] = not_in_inventory(name)
            elif host.platform not in _PLAYBOOKS:
                found[name] = _no_playbook(name, host.platform)
            else:
                ready[name] = host, parsed(name, given.get(name, {}))
        for platform, playbook in _PLAYBOOKS.items():
            these = {n: each for n, each in ready.items() if each[0].platform == platform}
            for wave in self._fan_out.rounds({name: host for name, (host, _) in these.items()}):
                with self._fan_out.held(wave):
                    found |= self._play(playbook, {name: these[name] for name in wave}, check)
        return {name: found[name] for name in names}

    def _play(
        self, playbook: str, devices: Mapping[str, tuple[Host, DayZero]], check: bool
    ) -> dict[str, BroughtUp | StepFailure]:
        public = _public(self._identity())
        values = {name: _values(host, wanted, public) for name, (host, wanted) in devices.items()}
        verdicts = self._runner.run(
            playbook,
            [_entered(host, wanted) for host, wanted in devices.values()],
            {name: _part(name, each, public) for name, each in values.items()},
            {"day_zero": values},
            check,
            {name: _secrets(host) for name, (host, _) in devices.items()},
        )
        return {name: _outcome(name, verdict) for name, verdict in verdicts.items()}


# ---------------------------------------------------------------------- what is handed over


def _entered(host: Host, wanted: DayZero) -> Host:
    """The host as it is reached and entered before it is ours."""
    user = wanted.user or (_FACTORY.get(host.platform) if wanted.password else None) or host.user
    return replace(
        host,
        address=wanted.address or host.address,
        port=wanted.port or host.port,
        user=user,
        password=wanted.password if wanted.password is not None else host.password,
        private_key_file=None if wanted.password is not None else host.private_key_file,
        become_password=wanted.enable_password or host.become_password,
    )


def _public(identity: str) -> str:
    try:
        private = load_ssh_private_key(identity.strip().encode() + b"\n", None)
    except ValueError as error:
        why = say("is not an OpenSSH private key without a passphrase")
        raise Misconfigured("provisioner.toml", "ssh.identity", why) from error
    text = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return text.decode()


def _values(host: Host, wanted: DayZero, public: str) -> dict[str, Any]:
    """IOS takes RSA keys only, as the MD5 of what OpenSSH writes in base64."""
    kind, _, data = public.partition(" ")
    found = wanted.values() | {"login": host.user, "public_key": public, "key_hash": None}
    if kind == "ssh-rsa":
        digest = Hash(MD5())  # noqa: S303 — how IOS names a key
        digest.update(b64decode(data))
        found["key_hash"] = digest.finalize().hex().upper()
    return found


def _secrets(host: Host) -> dict[str, str]:
    """What the inventory of the run has besides, in memory only."""
    if host.platform == "mikrotik_routeros":
        password = host.password or secrets.token_urlsafe(24)
        return {"day_zero_secret": re.sub(r'(["$\\?])', r"\\\1", password)}
    return {"day_zero_secret": scrypt_hash(host.password)} if host.password else {}


def _part(name: str, values: Mapping[str, Any], public: str) -> Part:
    """For the scripts of an access point."""
    one = {
        "hostname": name.lower(),
        "key": public,
        "zone": values["time_zone"],
        "posix": values["posix_zone"],
        "dns": " ".join(values["dns"]),
        "ntp": " ".join(values["ntp"]),
    }
    same = ("address", "netmask", "gateway", "vlan", "uplink", "syslog")
    return Part({**one, **{key: str(values[key] or "") for key in same}})


# ---------------------------------------------------------------------- what came of it


def _outcome(name: str, verdict: Verdict) -> BroughtUp | StepFailure:
    if verdict.fate in ("ok", "changed"):
        return BroughtUp(verdict.fate == "changed", tuple(_lines(verdict)))
    log = [line for line in _said(verdict).splitlines() if line.strip()][-12:]
    text = "\n".join([verdict.message, *log])
    word = re.search(r"prov-(?:failed )?name\s+(\S+)", text)
    if word:
        return _other_device(name, word[1], log)
    if _UNTRUSTED.search(text):
        return _stranger(name, log)
    if _DENIED.search(text):
        return _no_entry(name, log)
    if verdict.fate in ("unreachable", "unknown") or _AWAY.search(verdict.message):
        return _away(name, log)
    return ActionNeeded(
        say("%(host)s: the task “%(task)s” failed.", host=name, task=verdict.task),
        meaning=say("It is not ready yet; what is done stays, and nothing is done twice."),
        next=say("Read the log, mend it on the device or in the inventory, then repeat."),
        log=log,
    )


def _said(verdict: Verdict) -> str:
    """The message, and what single items and scripts said beside it."""
    last = verdict.answers[-1] if verdict.answers else {}
    items = [str(each.get("msg", "")) for each in last.get("results", []) if each.get("failed")]
    return "\n".join([verdict.message, *items, str(last.get("stdout") or "")])


def _lines(verdict: Verdict) -> Iterator[str]:
    """Lines typed, of modules; the difference, of scripts; else the task's own name."""
    for each in verdict.answers:
        for line in each.get("updates") or ():
            yield f"+{line}"
        told = each.get("msg")
        for line in told if isinstance(told, list) else ():
            if str(line).startswith("/"):
                yield f"+{line}"
    found = answer(verdict)
    before, after = (found.blocks.get((word, ""), "").split("\n") for word in ("before", "after"))
    for line in difflib.unified_diff(before, after, lineterm="", n=1):
        if not line.startswith(("---", "+++", "@@")):
            yield line
    for task in verdict.changes:
        if task not in _SHOWN:
            yield f"# {task}"


def _no_playbook(name: str, platform: str) -> StepFailure:
    return ActionNeeded(
        say(
            "%(host)s: there is no bring-up for %(platform)s.", host=name, platform=platform or "-"
        ),
        meaning=say("Nothing was done there."),
        next=say("Set it up by hand as the guide says."),
        who="administrator",
    )


def _other_device(name: str, other: str, log: list[str]) -> StepFailure:
    return ActionNeeded(
        say("The device at %(host)s's address calls itself %(other)s.", host=name, other=other),
        meaning=say("It is in use under another name; nothing was written."),
        next=say("Correct the address in the inventory, or the name on the device, then repeat."),
        log=log,
        who="administrator",
    )


def _stranger(name: str, log: list[str]) -> StepFailure:
    return ActionNeeded(
        say("%(host)s shows another SSH host key than the one on record, or none is.", host=name),
        meaning=say(
            "Another machine may answer at its address, or it was set up anew. Nobody logged in."
        ),
        next=say("Compare the key on the device itself, then trust it with `provisioner trust`."),
        log=log,
        who="administrator",
    )


def _no_entry(name: str, log: list[str]) -> StepFailure:
    return ActionNeeded(
        say("%(host)s does not let the program log in.", host=name),
        meaning=say("Nothing was done there."),
        next=say("Set day_zero_user and day_zero_password to what the device has now."),
        log=log,
        who="administrator",
    )


def _away(name: str, log: list[str]) -> StepFailure:
    why: Message = say("It is off, restarting or cut off, or took on its new address just now.")
    return Retriable(
        say("%(host)s does not answer any more, or not yet.", host=name),
        meaning=why,
        next=say("See that it is reachable, then repeat; what is done is not done again."),
        log=log,
    )
