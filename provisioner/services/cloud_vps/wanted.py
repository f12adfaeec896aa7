"""What one request asks of the planner: its details joined with what the office offers; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from provisioner.catalogue import Inventory, ServerNetwork, Size
from provisioner.drivers.hypervisor import TemplateKey
from provisioner.errors import Conflict
from provisioner.plans.refusals import NOT_PLANNABLE
from provisioner.services.cloud_vps.details import CloudVpsDetails
from provisioner.settings import ClusterSettings
from provisioner.texts import Message, say

_T = TypeVar("_T")


@dataclass(frozen=True)
class PlanInput:
    """A request with the pieces of catalogue, network and configuration that it names."""

    number: str
    department: str
    details: CloudVpsDetails
    size: Size
    template: TemplateKey
    network: ServerNetwork
    cluster: str
    settings: ClusterSettings
    disk_storage: str
    office_key: Literal["keep", "remove"]
    office_public_key: str
    protect: bool
    """Whether the finished VM is protected against removal on the cluster."""
    baseline: Mapping[str, Any] | None
    """What Ansible brings the guest to; None: nothing."""
    rebuild_of: Mapping[str, str] | None = None
    """The VM whose place it takes (``instance``, ``number``, ``uuid``); None: a new one."""

    @property
    def extra_disk_gb(self) -> int:
        """The second disk's GiB; 0: none."""
        return self.details.extra_disk_gb or 0


def plan_input(
    number: str,
    department: str,
    details: Mapping[str, Any],
    *,
    inventory: Inventory,
    clusters: Mapping[str, ClusterSettings],
    office_public_key: str,
) -> PlanInput:
    """Join a request's details with what they name.

    Raises Conflict(``not-plannable``) when something is no longer offered: catalogue, network and
    configuration may have changed since the request was submitted.
    """
    try:
        wish = CloudVpsDetails.model_validate(details)
    except ValidationError as error:
        fields = ", ".join(sorted({str(fault["loc"][0]) for fault in error.errors()}))
        raise _refused(
            say("The details do not hold any more: %(fields)s. Return the request.", fields=fields)
        ) from None
    offer = inventory.cloud_vps
    if offer is None:
        raise _refused(say("The catalogue no longer offers this service."))
    network = _named(inventory.network.networks, wish.network, say("network"))
    size = _named(offer.sizes, wish.size, say("size"))
    image = _named(offer.images, wish.image, say("image"))
    cluster = network.cluster
    settings = _named(clusters, cluster, say("cluster"))
    template = _named(image.templates, cluster, say("template for the cluster"))
    return PlanInput(
        number=number,
        department=department,
        details=wish,
        size=size,
        template=TemplateKey(vmid=template.vmid, tag=template.tag),
        network=network,
        cluster=cluster,
        settings=settings,
        disk_storage=offer.disk_storage(wish.size, wish.image) or settings.disk_storage,
        office_key=offer.office_key_after_handover,
        office_public_key=office_public_key,
        protect=offer.protect,
        baseline=offer.baseline.model_dump(mode="json") if offer.baseline else None,
    )


def _named(things: Mapping[str, _T], name: str, what: Message) -> _T:
    found = things.get(name)
    if found is None:
        raise _refused(
            say(
                "There is no %(what)s %(name)s any more. Return the request, or put it back into "
                "the configuration.",
                what=what,
                name=name,
            )
        )
    return found


def _refused(what: Message) -> Conflict:
    return Conflict(what, slug=NOT_PLANNABLE)
