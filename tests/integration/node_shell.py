"""The few commands of a Proxmox node that the doctor prints, carried out on a lab as root.

Run as a program it stands in for `pveum` and its kin in a shell script: the first argument names
the command, LAB_URL and LAB_PASSWORD say where and by what right.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import httpx

VERSION_COMMAND = "pveversion"
COMMANDS = ("pveum", "qm", "pvesh", "pvesm", VERSION_COMMAND)


class NodeShell:
    """One sign-in as root@pam; ``run`` is one line."""

    def __init__(self, url: str, password: str) -> None:
        self._http = httpx.Client(base_url=url + "/api2/json", verify=False)  # noqa: S501
        given = {"username": "root@pam", "password": password}
        ticket = self._http.post("/access/ticket", data=given).json()["data"]
        self._http.cookies.set("PVEAuthCookie", ticket["ticket"])
        self._http.headers["CSRFPreventionToken"] = ticket["CSRFPreventionToken"]

    def close(self) -> None:
        self._http.close()

    def run(self, line: str) -> str:
        """What it prints; raises AssertionError where the node would refuse."""
        return self.execute(shlex.split(line))

    def execute(self, words: list[str]) -> str:
        plain, options = _split(words)
        match plain:
            case ["pveversion"]:
                return f"pve-manager/{self._call('GET', '/version')['version']}/0123456789abcdef"
            case ["pveum", "role", "add", name]:
                self._call("POST", "/access/roles", roleid=name, **options)
            case ["pveum", "role", "modify", name]:
                self._call("PUT", f"/access/roles/{name}", **options)
            case ["pveum", "acl", "modify", path]:
                self._call("PUT", "/access/acl", path=path, **options)
            case ["pveum", "acl", "delete", path]:
                self._call("PUT", "/access/acl", path=path, delete="1", **options)
            case ["pveum", "pool", "add", pool]:
                self._call("POST", "/pools", poolid=pool)
            case ["pveum", "user", "list"]:
                return json.dumps(self._call("GET", "/access/users"), separators=(",", ":"))
            case ["pveum", "user", "add", name]:
                self._call("POST", "/access/users", userid=name, **options)
            case ["pveum", "user", "token", "list", name]:
                tokens = self._call("GET", f"/access/users/{name}/token")
                return json.dumps(tokens, separators=(",", ":"))
            case ["pveum", "user", "token", "add", name, token]:
                made = self._call("POST", f"/access/users/{name}/token/{token}", **options)
                return str(made["value"])
            case ["qm", "set", vmid]:
                self._call("PUT", f"/nodes/{self._node(vmid)}/qemu/{vmid}/config", **options)
            case ["qm", "template", vmid]:
                self._call("POST", f"/nodes/{self._node(vmid)}/qemu/{vmid}/template")
            case ["pvesh", verb, path]:
                method = {"get": "GET", "set": "PUT", "create": "POST", "delete": "DELETE"}[verb]
                return json.dumps(self._call(method, path, **options))
            case ["pvesm", "set", storage]:
                self._call("PUT", f"/storage/{storage}", **options)
            case _:
                raise AssertionError(f"no node has this command: {shlex.join(words)}")
        return ""

    def _node(self, vmid: str) -> str:
        rows = self._call("GET", "/cluster/resources")
        return next(str(row["node"]) for row in rows if str(row.get("vmid")) == vmid)

    def _call(self, method: str, where_to: str, /, **values: str) -> Any:
        where = "params" if method in ("GET", "DELETE") else "data"
        answer = self._http.request(method, where_to, **{where: values})  # type: ignore[arg-type]
        assert answer.is_success, (
            f"{method} {where_to} {values}: {answer.reason_phrase} {answer.text}"
        )
        return answer.json()["data"]


def _split(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Words up to the first option, and the options, each with its value."""
    first = next((n for n, word in enumerate(words) if word.startswith("--")), len(words))
    given = words[first:]
    options = {name[2:]: value for name, value in zip(given[::2], given[1::2], strict=True)}
    options.pop("output-format", None)
    return words[:first], options


def install(folder: Path, url: str, password: str) -> dict[str, str]:
    """Put the commands into a folder; returns the environment of a shell that finds them there."""
    folder.mkdir()
    for name in COMMANDS:
        path = folder / name
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" {name} "$@"\n')
        path.chmod(0o755)
    return {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "LAB_URL": url,
        "LAB_PASSWORD": password,
    }


if __name__ == "__main__":
    shell = NodeShell(os.environ["LAB_URL"], os.environ["LAB_PASSWORD"])
    try:
        sys.stdout.write(shell.execute(sys.argv[1:]) + "\n")
    except AssertionError as refused:
        sys.exit(str(refused))
