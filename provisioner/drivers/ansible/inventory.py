"""The network devices of the office: any Ansible inventory, read by Ansible itself."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from provisioner.catalogue.fields import KEY, explain
from provisioner.catalogue.yaml_files import fault_in
from provisioner.drivers import platforms
from provisioner.drivers.ansible.lifeline import call
from provisioner.drivers.network import DeadMan, Host
from provisioner.errors import Misconfigured
from provisioner.settings import Settings
from provisioner.texts import Message, say

GROUPS = frozenset({"routers", "switches", "access_points", "probes"})
"""Hosts of these groups are network devices; others only if they name a platform."""
READ_SECONDS = 60.0
DYNAMIC_SECONDS = 60.0
"""How long the answer of a dynamic inventory holds."""

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "platform": ("provisioner_platform",),
    "site": ("provisioner_site",),
    "dead_man": ("provisioner_dead_man",),
    "legacy_crypto": ("provisioner_legacy_crypto",),
    "aaa": ("provisioner_aaa",),
    "address": ("ansible_host", "ansible_ssh_host"),
    "port": ("ansible_port", "ansible_ssh_port"),
    "user": ("ansible_user", "ansible_ssh_user"),
    "password": ("ansible_password", "ansible_ssh_password", "ansible_ssh_pass"),
    "private_key_file": ("ansible_ssh_private_key_file", "ansible_private_key_file"),
    "become_password": ("ansible_become_password", "ansible_become_pass"),
    "probe_interface": ("provisioner_probe_interface",),
}
"""Each field's variables; where a host has several, the first counts."""


class _Variables(BaseModel):
    """One host's variables as they have to be; nothing of a value is ever repeated in a fault."""

    model_config = ConfigDict(hide_input_in_errors=True, coerce_numbers_to_str=True)

    address: str = Field(pattern=r"^[A-Za-z0-9:][A-Za-z0-9.:_-]{0,252}$")
    port: int = Field(22, ge=1, le=65535)
    user: str = Field("", pattern=r"^([A-Za-z0-9_][A-Za-z0-9._+@-]{0,63})?$")
    site: str | None = Field(None, pattern=KEY)
    dead_man: DeadMan = "required"
    legacy_crypto: bool = False
    aaa: str | None = Field(None, pattern=KEY)
    password: str | None = None
    private_key_file: str | None = None
    become_password: str | None = None
    probe_interface: str | None = Field(None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$")


def read_hosts(
    sources: Sequence[Path],
    vault_password: Callable[[], str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Host]:
    """The devices of all sources together, by name; {} without a source.

    A router may be without a platform (then ""): it is only looked up, never contacted.
    ``environment`` is what dynamic inventories see (that of this process if left out); Ansible's
    own variables are taken out of it. Raises the first Misconfigured of ``check_hosts``.
    """
    hosts, faults = _read(sources, vault_password, environment)
    if faults:
        raise faults[0]
    return hosts


def check_hosts(
    sources: Sequence[Path],
    vault_password: Callable[[], str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[Misconfigured]:
    """Every fault of the inventory: file, ``host.variable``, remedy; empty when all is well."""
    return _read(sources, vault_password, environment)[1]


class Hosts:
    """The inventory of ``settings``, kept until a file of it changes; for many threads.

    What a script or plugin answers holds for DYNAMIC_SECONDS. Calling it raises Misconfigured.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._hosts: Mapping[str, Host] = {}
        self._state: tuple[tuple[str, int, int], ...] | None = None
        self._until = 0.0

    def __call__(self) -> Mapping[str, Host]:
        """The devices by name."""
        with self._lock:
            state = _state(self._sources)
            if state != self._state or time.monotonic() > self._until:
                found = read_hosts(self._sources, self._vault_password, self._environment())
                self._hosts = {name: self._located(host) for name, host in found.items()}
                dynamic = any(_dynamic(Path(path)) for path, _, _ in state)
                self._until = time.monotonic() + (DYNAMIC_SECONDS if dynamic else float("inf"))
                self._state = state
            return self._hosts

    def variables(self, names: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Those variables of every host, read anew. Raises the first Misconfigured."""
        answers, faults = read_variables(
            self._sources, names, self._vault_password, self._environment()
        )
        if faults:
            raise faults[0]
        for answer in answers:
            for name in answer.get("wrong", ()):
                where = answer["files"].get(name) or ", ".join(map(str, self._sources))
                why = say("cannot be worked out: a template that fails, or another vault password")
                raise Misconfigured(where, f"{answer['name']}.{name}", why)
        return {str(each["name"]): each["variables"] for each in answers if "name" in each}

    def faults(self) -> list[Misconfigured]:
        """Every fault, read anew."""
        return check_hosts(self._sources, self._vault_password, self._environment())

    def _located(self, host: Host) -> Host:
        """With its key file taken from the configuration's folder, as every path is."""
        if host.private_key_file is None:
            return host
        path = self._settings.path(Path(host.private_key_file).expanduser())
        return replace(host, private_key_file=str(path))

    @property
    def _sources(self) -> list[Path]:
        return [self._settings.path(source) for source in self._settings.inventory]

    @property
    def _vault_password(self) -> Callable[[], str] | None:
        reference = self._settings.ansible.vault_password
        return (lambda: self._settings.secret(reference)) if reference else None

    def _environment(self) -> dict[str, str]:
        """Without the secrets that our own configuration keeps in variables."""
        ours = set(re.findall(r'"env:([^"]+)"', self._settings.model_dump_json()))
        return {name: value for name, value in os.environ.items() if name not in ours}


# ---------------------------------------------------------------------- reading


def _read(
    sources: Sequence[Path],
    vault_password: Callable[[], str] | None,
    environment: Mapping[str, str] | None,
) -> tuple[dict[str, Host], list[Misconfigured]]:
    wanted = [*(name for names in _FIELDS.values() for name in names), "ansible_connection"]
    answers, faults = read_variables(sources, wanted, vault_password, environment)
    if faults:
        return {}, faults
    hosts, faults = _hosts(answers, ", ".join(str(path) for path in sources))
    return hosts, (_not_yaml(sources) or faults) if faults else []


def _not_yaml(sources: Sequence[Path]) -> list[Misconfigured]:
    """What Ansible only stumbles over, told by line: files of the inventory that are no YAML."""
    files = [Path(path) for path, _, _ in _state(sources)]
    written = [p for p in files if p.suffix in (".yml", ".yaml") and not os.access(p, os.X_OK)]
    return [fault for path in written if (fault := fault_in(path)) is not None]


def _unreadable(path: Path) -> Message:
    if os.access(path, os.X_OK) and path.is_file():
        return say(
            "is run as a program and did not print an inventory; run it with --list and look at "
            "what it says, or take its execute permission away (chmod -x) if it is none"
        )
    if path.is_file() and path.read_bytes().startswith(b"#!"):
        return say("is a program that may not be run; give it the permission (chmod +x)")
    return say("is no inventory that Ansible can read; `ansible-inventory --list` shows why")


def read_variables(
    sources: Sequence[Path],
    wanted: Sequence[str],
    vault_password: Callable[[], str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[list[dict[str, Any]], list[Misconfigured]]:
    """Every host with those of its variables, as Ansible works them out: ``name``, ``groups``,
    ``variables``, ``wrong`` (names that fail), ``files`` (by variable); or why that cannot be.
    """
    missing = say("there is no such file; `provisioner init` makes one")
    faults = [Misconfigured(str(path), "-", missing) for path in sources if not path.exists()]
    if faults or not sources:
        return [], faults
    order = {
        "sources": [str(path.absolute()) for path in sources],
        "vault_password": vault_password() if vault_password else None,
        "variables": [*wanted],
    }
    kept = os.environ if environment is None else environment
    clean = {k: v for k, v in kept.items() if not k.startswith(("ANSIBLE_", "PROVISIONER_"))}
    lines, well = call("provisioner.drivers.ansible.reading", order, READ_SECONDS, clean)
    answers = [json.loads(line) for line in lines if line.endswith("\n")]
    where = ", ".join(str(path) for path in sources)
    if not well or not answers or "complete" not in answers.pop():
        why = say("Ansible could not read it in time; `ansible-inventory --list` shows why")
        return [], [Misconfigured(where, "-", why)]
    return answers, []


def _hosts(
    answers: Sequence[Mapping[str, Any]], where: str
) -> tuple[dict[str, Host], list[Misconfigured]]:
    hosts: dict[str, Host] = {}
    faults: list[Misconfigured] = []
    for answer in answers:
        if "unreadable" in answer:
            why = _unreadable(Path(answer["unreadable"]))
            faults.append(Misconfigured(answer["unreadable"], "-", why))
            continue
        name, groups = str(answer["name"]), frozenset(answer["groups"]) - {"all", "ungrouped"}
        platform = answer["variables"].get("provisioner_platform")
        if not groups & GROUPS and platform is None and not answer["wrong"]:
            continue
        found = [
            Misconfigured(answer["files"].get(variable) or where, f"{name}.{variable}", remedy)
            for variable, remedy in _faults(name, groups, answer)
        ]
        faults += found
        if not found:
            values = _values(answer["variables"], name)
            hosts[name] = Host(
                name=name,
                platform=platform or "",
                groups=groups,
                **_Variables.model_validate(values).model_dump(),
            )
    return hosts, faults


def _values(variables: Mapping[str, Any], name: str) -> dict[str, Any]:
    """By our own fields; without those that are left out, empty or of no use to a device."""
    found: dict[str, Any] = {"address": name}
    for field, names in _FIELDS.items():
        given = next((variables[n] for n in names if variables.get(n) not in (None, "")), None)
        if given is not None and field != "platform":
            found[field] = given
    return found


def _faults(
    name: str, groups: frozenset[str], answer: Mapping[str, Any]
) -> list[tuple[str, Message]]:
    variables: Mapping[str, Any] = answer["variables"]
    if answer["wrong"]:
        why = say("cannot be worked out: a template that fails, or another vault password")
        return [(variable, why) for variable in answer["wrong"]]
    if not re.fullmatch(KEY, name):
        why = say("a device's name has letters, digits, dots, dashes and underscores; rename it")
        return [("-", why)]
    platform, faults = variables.get("provisioner_platform"), []
    if platform is None and "routers" not in groups:
        faults.append(("provisioner_platform", _one_of(say("is missing; add it"))))
    elif platform is not None and platform not in platforms.names():
        faults.append(("provisioner_platform", _one_of(say("is not known"))))
    if variables.get("ansible_connection", "ssh") in ("local", "community.docker.docker"):
        faults.append(("ansible_connection", say("must be left out: devices are reached by SSH")))
    known = {variable for names in _FIELDS.values() for variable in names}
    strange = say("is not a known key; check its spelling or remove it")
    faults += [(each, strange) for each in answer["ours"] if each not in known]
    values = _values(variables, name)
    if platform and "user" not in values:
        faults.append(("ansible_user", say("is missing; add it")))
    try:
        _Variables.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            names = _FIELDS[str(fault["loc"][0])]
            given = next((n for n in names if variables.get(n) not in (None, "")), names[0])
            faults.append((given, explain(fault)))
    return faults


def _one_of(what: Message) -> Message:
    known = ", ".join(platforms.names())
    return say("%(what)s; platforms are: %(platforms)s", what=what, platforms=known)


# ---------------------------------------------------------------------- what has changed


def _state(sources: Sequence[Path]) -> tuple[tuple[str, int, int], ...]:
    """Path, time and size of every file that Ansible reads for these sources."""
    files: set[Path] = set()
    for source in sources:
        files |= {source} if source.is_file() else set(source.rglob("*"))
        for folder in ("group_vars", "host_vars"):
            files |= set((source.parent / folder).rglob("*"))
    found = ((path, path.stat()) for path in sorted(files) if path.is_file())
    return tuple((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in found)


def _dynamic(path: Path) -> bool:
    """Whether Ansible would run it, or ask something else because of it."""
    if os.access(path, os.X_OK):
        return True
    return re.search(rb"^plugin\s*:", path.read_bytes(), re.MULTILINE) is not None
