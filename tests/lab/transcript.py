"""Replays the recorded calls of a real Proxmox VE 9.1 against a lab and tells the differences."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import requests

from provisioner.lab.cluster import LabCluster
from provisioner.lab.plan import GIB, LabGuest, LabNode, LabPlan, LabStorage, Times

TRANSCRIPT = Path(__file__).parents[3] / "shared" / "reference" / "pve-9.1-transcript.jsonl"
WAITED = {
    "agent wait", "addresses by agent", "cloud-init result", "description given with the clone",
    "cloud-init by task", "start",
}  # fmt: skip
"""Calls before which the recorder had waited without recording it."""
SET_UP = (
    ("/pools", {"poolid": "p1", "comment": "pool"}),
    (
        "/cluster/backup",
        {"id": "b1", "all": 1, "enabled": 0, "schedule": "sat 02:00", "storage": "local"},
    ),
)
"""What stood on the recorded cluster."""
AS_THE_TOKEN = {*range(180, 194), *range(196, 199), 200, 203, 206, 207, 210, 211}
"""Calls that were made with the token prov@pve!rec."""
PATIENCE = 20.0
SAME_VALUE = {
    "agent", "cipassword", "ciuser", "cores", "description", "exited", "exitstatus", "full-tokenid",
    "id", "ip-address", "ipconfig0", "lock", "maxcpu", "maxmem", "memory", "nameserver", "online",
    "pending", "privsep", "qmpstatus", "release", "status", "tags", "template", "tokenid", "type",
    "user", "version", "vmid",
}  # fmt: skip
"""Keys whose values are compared too; of all others only the kind."""


def recorded_plan() -> LabPlan:
    """The cluster on which the calls were recorded, as a lab."""
    return LabPlan(
        name="recorded",
        speed=50,
        nodes=(LabNode("pve", cores=2, memory_gb=25276502016 / GIB),),
        storages=(
            LabStorage("local", "dir", 252, "vztmpl,rootdir,import,iso,snippets,backup,images"),
        ),
        guests=(LabGuest(9000, "debian13", "pve", "local", 1, 512, 2, template=True),),
        times=Times(boot=60),
        pools=(),
        jobs=(),
        ports=(0,),
    )


@dataclass
class Replay:
    """Speaks the recorded calls to a lab, in order."""

    lab: LabCluster
    names: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = False
        self.session.headers.clear()
        self.login()
        for path, params in SET_UP:
            self.session.post(
                f"{self.lab.url}/api2/json{path}",
                data=params,
                cookies=self.cookies,
                headers={"CSRFPreventionToken": self.csrf},
                timeout=30,
            ).raise_for_status()
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.public_key = key.export_public_key().decode().strip()

    def login(self) -> None:
        answer = self.session.post(
            f"{self.lab.url}/api2/json/access/ticket",
            data={"username": "root@pam", "password": self.lab.plan.root_password},
            timeout=30,
        )
        data = answer.json()["data"]
        self.cookies = {"PVEAuthCookie": data["ticket"]}
        self.csrf = data["CSRFPreventionToken"]

    def differences(self, number: int, entry: Mapping[str, Any]) -> Iterator[str]:
        """``path: real -> lab`` of one call; nothing when the lab answers the same."""
        answer = self._answer(number, entry)
        if entry["note"] == "agent wait" and entry["status"] == 500 and answer.status_code == 200:
            return  # the lab's guest boots sooner
        if answer.status_code != entry["status"]:
            yield f"status: {entry['status']} -> {answer.status_code} {answer.reason}"
            return
        reason = self._mapped(entry["reason"])
        if answer.reason != reason:
            yield f"reason: {reason} -> {answer.reason}"
        body = answer.json() if answer.text else ""
        self._learn(entry, body)
        if entry["status"] != 200:
            if body != json.loads(self._mapped(json.dumps(entry["body"]))):
                yield f"body: {entry['body']} -> {body}"
            return
        yield from compare(entry["body"], body)
        if entry["note"] == "task log" and entry["body"]["total"] <= len(entry["body"]["data"]):
            last = _last_line(entry["body"]["data"]), _last_line(body["data"])
            if last[0] != last[1]:
                yield f"log: {last[0]} -> {last[1]}"
            ours = {_shape(line["t"]) for line in body["data"]}
            for line in entry["body"]["data"]:
                if _shape(line["t"]) not in ours:
                    yield f"log line: {_shape(line['t'])}"

    def _answer(self, number: int, entry: Mapping[str, Any]) -> requests.Response:
        """The lab's answer; a poll whose real answer was the end waits for the end."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._call(number, entry)
            waited = entry["status"] == 200 and entry["note"] in WAITED
            under_way = waited and (answer.status_code != 200 or "qmclone temp" in answer.text)
            if under_way or self._running(entry, answer):
                if time.monotonic() > deadline:
                    return answer
                time.sleep(0.02)
                continue
            return answer

    @staticmethod
    def _running(entry: Mapping[str, Any], answer: requests.Response) -> bool:
        """Whether the real task had ended and the lab's has not."""
        if not entry["path"].endswith("/status") or entry["status"] != 200:
            return False
        data = entry["body"]["data"]
        ended = isinstance(data, dict) and data.get("status") == "stopped" and "upid" in data
        return bool(ended and answer.json()["data"]["status"] == "running")

    def _call(self, number: int, entry: Mapping[str, Any]) -> requests.Response:
        path = self._mapped(entry["path"])
        params = {k: self._param(k, v, entry) for k, v in entry["params"].items()}
        headers = {"CSRFPreventionToken": self.csrf}
        cookies = self.cookies
        if entry["note"] == "wrong token":
            headers, cookies = {"Authorization": "PVEAPIToken=root@pam!no=no"}, {}
        if number in AS_THE_TOKEN:
            headers, cookies = {"Authorization": f"PVEAPIToken=prov@pve!rec={self.token}"}, {}
        self.session.cookies.clear()
        where = "params" if entry["method"] in ("GET", "DELETE") else "data"
        return self.session.request(
            entry["method"],
            f"{self.lab.url}/api2/json{path}",
            headers=headers,
            cookies=cookies,
            timeout=30,
            **{where: params},
        )

    def _param(self, key: str, value: Any, entry: Mapping[str, Any]) -> Any:
        if key == "password":
            return "wrong" if entry["status"] == 401 else self.lab.plan.root_password
        if key == "sshkeys" and value == "***":
            return requests.utils.quote(self.public_key, safe="")
        return value

    def _learn(self, entry: Mapping[str, Any], body: Any) -> None:
        real = entry["body"].get("data") if isinstance(entry["body"], dict) else None
        if isinstance(real, str) and real.startswith("UPID:") and isinstance(body["data"], str):
            self.names[real] = body["data"]
        if "/token/" in entry["path"] and entry["method"] == "POST":
            self.token = body["data"]["value"]
        if entry["note"] == "exec" or entry["note"].startswith("exec with"):
            self.pid = body["data"]["pid"]

    def _mapped(self, text: str) -> str:
        for real, ours in self.names.items():
            text = text.replace(real, ours)
        return text


def compare(real: Any, ours: Any, where: str = "") -> Iterator[str]:
    """Differences in keys and kinds of values; lists are compared as the union of their items."""
    if _was_faster(real, ours):
        ours = {k: v for k, v in ours.items() if k != "exitstatus"}
        real = {**real, "status": "stopped"}
    if real is None or ours is None:
        if where.endswith("parent") or (real is None and ours is None):
            return
        yield f"{where}: {kind(real)} -> {kind(ours)}"
    elif isinstance(real, dict) and isinstance(ours, dict):
        for key in sorted(real.keys() - ours.keys()):
            yield f"{where}.{key}: missing"
        for key in sorted(ours.keys() - real.keys()):
            yield f"{where}.{key}: only in the lab"
        for key in sorted(real.keys() & ours.keys()):
            yield from compare(real[key], ours[key], f"{where}.{key}")
    elif isinstance(real, list) and isinstance(ours, list):
        yield from _compare_lists(real, ours, where)
    elif kind(real) != kind(ours):
        yield f"{where}: {kind(real)} -> {kind(ours)}"
    elif where.rpartition(".")[2] in SAME_VALUE and real != ours and "fe80" not in str(real):
        yield f"{where}: {real!r} -> {ours!r}"


def _was_faster(real: Any, ours: Any) -> bool:
    """Whether this is the status of a task that the lab has ended before the first look."""
    if not (isinstance(real, dict) and isinstance(ours, dict) and "upid" in real):
        return False
    return (real["status"], ours["status"]) == ("running", "stopped")


def _shape(line: str) -> str:
    """A line of a log without what is another one each time."""
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", line)
    return re.sub(r"\d+([.:_-]\d+)*", "#", line)


def _last_line(data: list[dict[str, Any]]) -> str:
    return str(data[-1]["t"])


def _compare_lists(real: list[Any], ours: list[Any], where: str) -> Iterator[str]:
    one, other = _union(real), _union(ours)
    for label in sorted(one.keys() | other.keys()):
        if label not in other:
            yield f"{where}[{label}]: missing"
        elif label not in one:
            yield f"{where}[{label}]: only in the lab"
        else:
            yield from compare(one[label], other[label], f"{where}[{label}]")


def _union(items: list[Any]) -> dict[str, Any]:
    """Items by what they are (their type or content), those of one kind merged."""
    found: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict):
            found.setdefault(kind(item), item)
            continue
        label = str(item.get("content") if "volid" in item else item.get("type", ""))
        if "key" in item:
            label = item["key"]
        if "vmid" in item and "volid" not in item:
            label = f"{label} {item['vmid']}"
        found[label] = {**found.get(label, {}), **item}
    return found


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return {str: "text", dict: "object", list: "list"}.get(type(value), "null")


def entries() -> list[dict[str, Any]]:
    return [json.loads(line) for line in TRANSCRIPT.read_text().splitlines()]


def known(number: int, difference: str, table: Mapping[str, str]) -> str | None:
    """The reason that the table gives; its keys are patterns of ``N difference``."""
    for pattern, reason in table.items():
        if re.search(pattern, f"{number} {difference}"):
            return reason
    return None
