"""Network devices, their configurations through time, and the VLANs that are given away."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api import devices, segments
from api.devices import Version
from api.pages.frame import Reader, page
from api.security import Services
from provisioner.bootstrap import Product
from provisioner.people.rules import may_operate

router = APIRouter()


@router.get("/devices")
def show(request: Request, actor: Reader, product: Services) -> Response:
    """All network devices of the inventory."""
    found = devices.devices(product, actor)
    return page(request, "devices.html", devices=found, sites=_sites(product))


@router.get("/devices/{name}")
def show_one(request: Request, actor: Reader, product: Services, name: str) -> Response:
    """One device, with the versions of its configuration."""
    return page(
        request,
        "device.html",
        device=devices.device(product, actor, name),
        versions=devices.versions(product, actor, name),
        sites=_sites(product),
        may_check=may_operate(actor),
    )


@router.get("/devices/{name}/difference")
def compare(request: Request, actor: Reader, product: Services, name: str) -> Response:
    """What differs between two versions of a device's configuration."""
    asked = request.query_params
    known = devices.versions(product, actor, name)
    before, after = asked.get("from", ""), asked.get("to", "")
    if not (before and after):
        return RedirectResponse(request.url_for("show_one", name=name).path, 303)
    found = devices.difference(product, actor, name, before, after)
    return page(request, "device_difference.html", name=name, found=found, versions=known)


@router.get("/devices/{name}/configurations/{commit}")
def configuration(
    request: Request, actor: Reader, product: Services, name: str, commit: str
) -> Response:
    """One version as a whole."""
    found = devices.configuration(product, actor, name, commit)
    older = _before(devices.versions(product, actor, name), commit)
    return page(request, "device_configuration.html", name=name, found=found, older=older)


@router.get("/segments")
def show_segments(request: Request, actor: Reader, product: Services) -> Response:
    """Who has which VLAN and network."""
    return page(request, "segments.html", segments=segments.segments(product, actor))


def _sites(product: Product) -> dict[str, str]:
    return {key: site.title for key, site in product.inventory.network.sites.items()}


def _before(known: list[Version], commit: str) -> Version | None:
    names = [version.commit for version in known]
    place = names.index(commit) + 1
    return known[place] if place < len(known) else None
