"""The cluster's own administrator, who changes things by hand behind the product's back."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.web.stage import Stage


@dataclass(frozen=True)
class Administrator:
    """Calls Proxmox VE itself."""

    http: httpx.Client

    def config(self, one: Mapping[str, Any]) -> dict[str, Any]:
        """The VM's configuration as it is."""
        answer = self.http.get(f"{_path(one)}/config")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    def set(self, one: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        """Change options of the VM."""
        answer = self.http.put(f"{_path(one)}/config", data=dict(options))
        assert answer.status_code == 200, answer.text


@contextmanager
def administrator(stage: Stage) -> Iterator[Administrator]:
    """A session at the first node of the stage's cluster."""
    cluster = tomllib.loads((stage.directory / "provisioner.toml").read_text())["clusters"]["dc1"]
    secret = (stage.directory / cluster["token_secret"].removeprefix("file:")).read_text().strip()
    with httpx.Client(
        base_url=f"{cluster['urls'][0]}/api2/json",
        headers={"Authorization": f"PVEAPIToken={cluster['token_id']}={secret}"},
        verify=False,  # noqa: S501 — the lab's own certificate, on this machine
        trust_env=False,
    ) as http:
        yield Administrator(http)


def _path(one: Mapping[str, Any]) -> str:
    return f"/nodes/{one['node']}/qemu/{one['vmid']}"
