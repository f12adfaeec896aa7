"""Instances as callers see them (CONTRACTS section 3)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class InstanceView(BaseModel):
    """One VM."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    cluster: str
    node: str
    vmid: int
    uuid: str
    name: str
    addresses: list[str]
    size: str
    image: str
    user: str | None
    ssh_port: int | None
    host_key: str | None
    """The public host key as pinned, to compare at the first login."""
    request: str
    department: str
    created_at: datetime
    expires_at: datetime | None
    state: str
