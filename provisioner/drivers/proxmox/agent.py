"""The guest agent's answers, which are a stranger's words: checked, bounded, nothing executed."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any, Literal

from provisioner.drivers.hypervisor import GuestFacts, GuestReport, Placed
from provisioner.drivers.proxmox.connection import Connection, Rejection
from provisioner.drivers.proxmox.orders import NOT_THERE
from provisioner.errors import Retriable
from provisioner.texts import say

_INNER = ("lo", "docker", "veth", "br-", "virbr", "cni", "flannel", "cali", "podman")
_SELF = ("127.0.0.1", "::1")
_LOCAL = frozenset({"127.0.0.1", "::1"})
_KEYS = ("ed25519", "ecdsa", "rsa")
_KEY_FILE = "/etc/ssh/ssh_host_{kind}_key.pub"
_KEY = re.compile(
    r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]{40,2000}={0,2})"
)
_MOST_ENTRIES, _MOST_CHARACTERS = 50, 500
_GIB = 1 << 30
_FULL_BY_NATURE = frozenset({"squashfs", "iso9660", "udf", "cdfs", "erofs", "cramfs"})
"""File systems of packages and discs."""
_OFF = re.compile(r"^VM \d+ (?:is )?not running")
_DEAF = re.compile(r"not running|got timeout|No QEMU guest agent")
_STATUS_FILE = "/run/cloud-init/status.json"
_STAGES = ("init-local", "init", "modules-config", "modules-final")

Verdict = Literal["done", "running", "error", "unknown"]


def heard(connection: Connection, vm: Placed) -> GuestReport:
    """Whether it answers, and its addresses: one call."""
    agent = ("nodes", vm.node, "qemu", vm.vmid, "agent")
    try:
        answer = connection.record(*agent, "network-get-interfaces", raw=True)
    except Rejection as rejection:
        if rejection.status == 403:
            raise connection.failure(rejection, reading=True) from None
        # Not yet, whatever its words: no agent configured, not running, or deaf (pitfall 26).
        running = not (_OFF.search(rejection.text) or NOT_THERE.search(rejection.text))
        return GuestReport(answering=False, detail=rejection.text, running=running)
    except Retriable as failure:
        return GuestReport(answering=False, detail=str(failure.what))
    found = addresses(answer.get("result"))
    if not found:
        return GuestReport(answering=True, detail="no address yet")
    return GuestReport(answering=True, addresses=found)


def guest(connection: Connection, vm: Placed) -> GuestReport:
    """Addresses first; the rest is asked only of an agent that gave some, its keys last."""
    report = heard(connection, vm)
    if not report.addresses:
        return report
    agent = ("nodes", vm.node, "qemu", vm.vmid, "agent")
    text, why_no_status = _read(connection, agent, _STATUS_FILE)
    verdict, errors = cloud_init(text)
    keys, why_no_keys = ((), "") if verdict == "running" else _host_keys(connection, agent)
    return GuestReport(
        answering=True,
        addresses=report.addresses,
        host_keys=keys,
        cloud_init=verdict,
        cloud_init_errors=errors,
        detail="; ".join(why for why in (why_no_keys, why_no_status) if why),
    )


def facts(
    connection: Connection,
    vm: Placed,
    questions: tuple[str, ...] = ("get-host-name", "get-osinfo", "get-fsinfo"),
) -> GuestFacts:
    """Each answer for itself; an agent that gives none is not asked for the next."""
    agent = ("nodes", vm.node, "qemu", vm.vmid, "agent")
    answers: dict[str, Any] = {}
    for question in questions:
        try:
            answers[question] = connection.record(*agent, question, raw=True).get("result")
        except Rejection as rejection:
            if rejection.status == 403:
                raise connection.failure(rejection, reading=True) from None
            if _DEAF.search(rejection.text):
                break
        except Retriable:
            break
    host, system = _record(answers.get("get-host-name")), _record(answers.get("get-osinfo"))
    return GuestFacts(
        hostname=_short(host.get("host-name")),
        system=_short(system.get("pretty-name") or system.get("name")),
        kernel=_short(system.get("kernel-release")),
        filesystems=filesystems(answers.get("get-fsinfo")),
    )


def filesystems(value: Any) -> dict[str, tuple[float, float]]:
    """Mount point to (GiB used, GiB in all) of those that tell both and can be written."""
    found: dict[str, tuple[float, float]] = {}
    for row in _records(value):
        if str(row.get("type")).lower() in _FULL_BY_NATURE:
            continue
        used, total = row.get("used-bytes"), row.get("total-bytes")
        if isinstance(used, int) and isinstance(total, int):
            found[_short(row.get("mountpoint"))] = (used / _GIB, total / _GIB)
    return found


def file(connection: Connection, vm: Placed, path: str) -> str | None:
    """A file's text, None where there is none. Raises Retriable while the agent is away."""
    call = ("nodes", vm.node, "qemu", vm.vmid, "agent", "file-read")
    try:
        answer = connection.record(*call, raw=True, file=path)
    except Rejection as rejection:
        if "No such file" in rejection.text:
            return None
        if _DEAF.search(rejection.text):
            raise Retriable(
                say("The agent in VM %(vmid)s does not answer.", vmid=vm.vmid),
                meaning=say("The VM is off, still starting, or its guest agent does not run."),
                next=say("Nothing to do: it is tried again by itself."),
                after=5,
            ) from None
        raise connection.failure(rejection, reading=True) from None
    return text(str(answer.get("content") or ""))


def text(content: str) -> str:
    """What PVE gives of a file: it takes each byte for a character, whatever the encoding."""
    try:
        return content.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return content


def addresses(interfaces: Any) -> frozenset[str]:
    """The addresses that others can reach: no loopback, link-local or container networks."""
    found: set[str] = set()
    for interface in _records(interfaces):
        if str(interface.get("name", "")).startswith(_INNER):
            continue
        for entry in _records(interface.get("ip-addresses")):
            try:
                address = ipaddress.ip_address(str(entry.get("ip-address")).partition("%")[0])
            except ValueError:
                continue
            if str(address) not in _SELF and not address.is_link_local:
                found.add(str(address))
    return frozenset(found)


def cloud_init(text: str) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict of /run/cloud-init/status.json, of cloud-init 22 to 25; "" is unknown.

    Errors count once the last stage ended; what cloud-init itself calls recoverable is no error.
    """
    try:
        status = json.loads(text)["v1"]
        stages = [status[stage] for stage in _STAGES if stage in status]
        found = [str(error) for stage in stages for error in stage.get("errors") or ()]
        finished = status["modules-final"].get("finished") and not status.get("stage")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "unknown", ()
    errors = tuple(error[:_MOST_CHARACTERS] for error in found[:_MOST_ENTRIES])
    if not finished:
        return "running", errors
    return ("error" if errors else "done"), errors


def _host_keys(connection: Connection, agent: tuple[object, ...]) -> tuple[tuple[str, ...], str]:
    why = ""
    for kind in _KEYS:
        text, why = _read(connection, agent, _KEY_FILE.format(kind=kind))
        if found := _KEY.match(text):
            return (found[0],), ""
        if why and "No such file" not in why:
            break
    return (), why or "no host key yet"


def _short(value: Any) -> str:
    return str(value or "")[:_MOST_CHARACTERS]


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _records(value: Any) -> list[dict[str, Any]]:
    rows = value[:_MOST_ENTRIES] if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _read(connection: Connection, agent: tuple[object, ...], file: str) -> tuple[str, str]:
    """The file's text, or "" and why not."""
    try:
        answer = connection.record(*agent, "file-read", raw=True, file=file)
    except Rejection as rejection:
        return "", rejection.text
    except Retriable as failure:
        return "", str(failure.what)
    return str(answer.get("content") or ""), ""
