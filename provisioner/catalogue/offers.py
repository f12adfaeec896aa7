"""catalogue.yml: which services the office offers, in which sizes and on what terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from provisioner.catalogue.baseline import Baseline
from provisioner.catalogue.cards import Card
from provisioner.catalogue.fields import KEY, DataModel, FieldFault
from provisioner.texts import say

Key = Annotated[str, StringConstraints(pattern=KEY)]
LetterKind = Literal["signed", "srikandi"]


class ServiceOffer(DataModel):
    """What every service says: how long it may take and which letters it asks for."""

    title: str | None = Field(None, description="name shown to people; ours if left out")
    sla_working_days: int = Field(
        strict=True,
        ge=0,
        le=260,
        description="working days from receipt to completion; day 0 is the receipt",
    )
    letters: tuple[LetterKind, ...] = Field(
        description="kinds of letter accepted: signed (paper, signed and stamped) or srikandi; "
        "an empty list asks for none"
    )
    card: Card = Field(Card(), description="what the public reads of the service; ours if left out")


class OtherOffer(ServiceOffer):
    """A service whose own keys are checked by the program that brings it."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)


class Size(DataModel):
    """One size of VM."""

    title: str | None = Field(None, description="name shown to people; the key if left out")
    cores: int = Field(strict=True, ge=1, le=512, description="virtual CPU cores")
    memory_mb: int = Field(strict=True, ge=128, le=16_777_216, description="memory in MiB")
    disk_gb: int = Field(strict=True, ge=1, le=65_536, description="boot disk in GiB")
    balloon_mb: int | None = Field(
        None,
        strict=True,
        ge=128,
        description="memory in MiB that it keeps when the node runs short; all of it if left out",
    )
    disk_storage: str | None = Field(
        None, description="storage of the cluster for this size, instead of the cluster's own"
    )

    @model_validator(mode="after")
    def _balloon_fits(self) -> Size:
        if self.balloon_mb is not None and self.balloon_mb > self.memory_mb:
            raise FieldFault(say("balloon_mb: must be at most memory_mb"))
        return self


class TemplateReference(DataModel):
    """Which template of a cluster: by VMID, or by a tag (then each node may have its own)."""

    vmid: int | None = Field(
        None, strict=True, ge=100, le=999_999_999, description="VMID of the template"
    )
    tag: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_][a-z0-9_+.-]*$")] | None = Field(
        None, description="tag that the template carries, such as tpl-debian-13"
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> TemplateReference:
        if (self.vmid is None) == (self.tag is None):
            raise FieldFault(say("give either vmid or tag, one of the two"))
        return self


class Image(DataModel):
    """An operating system on offer."""

    title: str = Field(min_length=1, description="name shown to people")
    templates: Mapping[Key, TemplateReference] = Field(
        min_length=1, description="cluster to the template there"
    )
    disk_storage: str | None = Field(
        None, description="storage for disks of this image; a size's own storage goes before it"
    )
    min_disk_gb: int | None = Field(
        None, strict=True, ge=1, description="smallest disk in GiB it fits on"
    )


class Snapshots(DataModel):
    """How many snapshots a VM may have, and how long one is kept."""

    per_vm: int = Field(3, strict=True, ge=0, le=50, description="at once; 0: none are offered")
    keep_days: int = Field(
        30, strict=True, ge=1, le=366, description="days after which a snapshot is removed"
    )


class CloudVpsOffer(ServiceOffer):
    """The service cloud_vps."""

    letters: tuple[LetterKind, ...] = Field(
        min_length=1, description="kinds of letter accepted; never without one"
    )
    sizes: Mapping[Key, Size] = Field(min_length=1, description="sizes on offer")
    images: Mapping[Key, Image] = Field(min_length=1, description="operating systems on offer")
    office_key_after_handover: Literal["keep", "remove"] = Field(
        "keep", description="whether the office's own SSH key stays on the VM at hand-over"
    )
    snapshots: Snapshots = Field(Snapshots(), description="limits of snapshots")
    grace_days: int = Field(
        14,
        strict=True,
        ge=0,
        le=366,
        description="days that an ended VM stays switched off before it is removed; 0: at once",
    )
    last_backup: bool = Field(
        True, description="whether an ended VM is backed up once more, where there is a storage"
    )
    warn_days: tuple[Annotated[int, Field(strict=True, ge=0, le=366)], ...] = Field(
        (30, 7, 1), max_length=10, description="days before its end at which people are warned"
    )
    extra_disk_gb_max: int = Field(
        0, strict=True, ge=0, le=65_536, description="largest second disk in GiB; 0: none"
    )
    protect: bool = Field(
        True, description="whether a finished VM is protected against removal on the cluster"
    )
    baseline: Baseline | None = Field(
        None, description="what every finished VM is brought to inside; nothing if left out"
    )

    def disk_storage(self, size: str, image: str) -> str | None:
        """The storage that the size, else the image, asks for; None leaves it to the cluster."""
        return self.sizes[size].disk_storage or self.images[image].disk_storage


class EventWifiOffer(ServiceOffer):
    """The service event_wifi."""

    max_days: int = Field(
        14, strict=True, ge=1, le=180, description="days that one event may last at most"
    )
    ssids_per_access_point: int = Field(
        4,
        strict=True,
        ge=1,
        le=8,
        description="events at once on one access point; each costs air time of all others",
    )
    users_per_access_point: int = Field(
        60, strict=True, ge=1, le=1000, description="users above which a plan warns"
    )
    default_lead_seconds: int = Field(
        60,
        strict=True,
        ge=1,
        le=3600,
        description="seconds that switching on takes, at a place where none was measured yet",
    )
    segment: Key | None = Field(
        None,
        description="segment of network.yml that VLAN and network of an event are taken from where "
        "no prepared event network is free",
    )


class ColocationOffer(ServiceOffer):
    """The service colocation: a server of the department's own in the office's data centre."""

    max_units: int = Field(
        4, strict=True, ge=1, le=48, description="height in rack units of one server at most"
    )
    max_watts: int = Field(
        800, strict=True, ge=1, le=20_000, description="watts that one server may draw at most"
    )
    heavy_kg: int = Field(
        25, strict=True, ge=1, le=500, description="weight from which a server is put low"
    )
    checklist: tuple[Annotated[str, StringConstraints(min_length=3, max_length=300)], ...] = Field(
        (), max_length=20, description="what is ticked off at the racking; ours if left out"
    )
    team: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="who does the racking, for people"
    )


class InternetOffer(ServiceOffer):
    """The service internet: a site connected, with or without WiFi of its own."""

    default_mbps: int = Field(
        20, strict=True, ge=1, le=100_000, description="Mbit/s where a request names none"
    )
    max_mbps: int = Field(
        100, strict=True, ge=1, le=100_000, description="Mbit/s that a request may name at most"
    )
    max_days: int | None = Field(
        None, strict=True, ge=1, le=3660, description="days that it lasts at most; no limit if not"
    )
    fieldwork_checklist: tuple[
        Annotated[str, StringConstraints(min_length=3, max_length=300)], ...
    ] = Field((), max_length=20, description="what is ticked off on site; ours if left out")
    team: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="who does the field work, for people"
    )
    vehicle: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = Field(
        None, description="what the team drives there with, for people"
    )

    @model_validator(mode="after")
    def _default_fits(self) -> InternetOffer:
        if self.default_mbps > self.max_mbps:
            raise FieldFault(say("default_mbps: must be at most max_mbps"))
        return self


class Services(DataModel):
    """The services on offer; one that is left out is not offered."""

    cloud_vps: CloudVpsOffer | None = Field(None, description="a virtual server")
    colocation: ColocationOffer | None = Field(None, description="a server of the department's own")
    internet: InternetOffer | None = Field(None, description="a site connected")
    event_wifi: EventWifiOffer | None = Field(None, description="WiFi for an event")
    troubleshooting: OtherOffer | None = Field(None, description="a look at what does not work")


class Catalogue(DataModel):
    """catalogue.yml as a whole."""

    services: Services = Field(description="what is offered")

    def offer(self, service: str) -> ServiceOffer | None:
        """The terms of a service, or None when it is not offered or not known."""
        if service not in Services.model_fields:
            return None
        found: ServiceOffer | None = getattr(self.services, service)
        return found

    def offered(self) -> dict[str, ServiceOffer]:
        """Every service on offer by its name, in a fixed order."""
        named = ((name, self.offer(name)) for name in Services.model_fields)
        return {name: offer for name, offer in named if offer is not None}
