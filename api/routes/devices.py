"""Network devices, their configurations and the VLANs that are given away; for the office."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api import devices, segments
from api.devices import Configuration, ConfigurationDifference, DeviceDetail, DeviceView, Version
from api.security import Person, Services
from api.segments import SegmentView

router = APIRouter(tags=["network"])


@router.get("/devices")
def find(product: Services, actor: Person) -> list[DeviceView]:
    """All network devices of the inventory, as they were last seen."""
    return devices.devices(product, actor)


@router.get("/devices/{name}")
def show(product: Services, actor: Person, name: str) -> DeviceDetail:
    """One device: its last look, its cables, what of ours stands on it."""
    return devices.device(product, actor, name)


@router.get("/devices/{name}/configurations")
def versions(product: Services, actor: Person, name: str) -> list[Version]:
    """The newest versions of its configuration, the newest first."""
    return devices.versions(product, actor, name)


@router.get("/devices/{name}/configurations/difference")
def difference(
    product: Services,
    actor: Person,
    name: str,
    before: Annotated[str, Query(alias="from", description="commit of the earlier version")],
    after: Annotated[str, Query(alias="to", description="commit of the later version")],
) -> ConfigurationDifference:
    """The lines by which two versions differ."""
    return devices.difference(product, actor, name, before, after)


@router.get("/devices/{name}/configurations/{commit}")
def configuration(product: Services, actor: Person, name: str, commit: str) -> Configuration:
    """One version with its text; secrets are left out."""
    return devices.configuration(product, actor, name, commit)


@router.get("/segments")
def stocks(product: Services, actor: Person) -> list[SegmentView]:
    """Who has which VLAN and network of each segment, and what is free."""
    return segments.segments(product, actor)
