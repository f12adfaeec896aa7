"""Instances as callers see them (CONTRACTS section 3)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class BackupView(BaseModel):
    """One backup of a VM, by the name under which it can be restored."""

    model_config = ConfigDict(frozen=True)

    volume: str
    made_at: datetime | None
    size_gb: float
    notes: str
    protected: bool


class InstanceView(BaseModel):
    """A VM, a site, an event's WiFi, a server in a rack; what its kind has not is None."""

    model_config = ConfigDict(frozen=True)

    id: str
    kind: str
    name: str
    cluster: str | None
    node: str | None
    vmid: int | None
    uuid: str | None
    addresses: list[str]
    size: str | None
    image: str | None
    user: str | None
    ssh_port: int | None
    host_key: str | None
    """The public host key as pinned, to compare at the first login."""
    place: str | None
    network: str | None
    ssid: str | None
    security: str | None
    access_points: list[str]
    starts_at: datetime | None
    request: str
    department: str
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    end_run: str | None
    """The run that takes it away."""
    remove_at: datetime | None
    """Of a VM whose end has begun: when it is taken away for good."""
    snapshots: dict[str, datetime | None]
    """Of a VM: name to when it is removed by itself."""
    system: str | None
    """The operating system inside, as it says itself."""
    rack: str | None
    """Of a department's own server: where it is mounted."""
    site: str | None
    """Of a connected site: its key in network.yml; where in it, and by which port and network."""
    location: str | None
    switch: str | None
    port: str | None
    vlan: int | None
    cidr: str | None
    rate_limit_mbps: int | None
    state: str
    actions: list[str]
    """What the reader may ask for now."""
