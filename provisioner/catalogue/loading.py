"""Reads catalogue.yml, network.yml and office.yml and checks them, also against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from provisioner.catalogue.fields import DataModel, explain
from provisioner.catalogue.network import Network
from provisioner.catalogue.network_fields import AddressRoom
from provisioner.catalogue.offers import (
    Catalogue,
    CloudVpsOffer,
    ColocationOffer,
    EventWifiOffer,
    InternetOffer,
)
from provisioner.catalogue.office import Office
from provisioner.catalogue.racks import ColocationNetwork, rack_faults
from provisioner.catalogue.segment_faults import segment_faults
from provisioner.catalogue.yaml_files import read_yaml
from provisioner.errors import Misconfigured
from provisioner.settings import Settings
from provisioner.texts import Message, say

_Model = TypeVar("_Model", bound=DataModel)


@dataclass(frozen=True)
class Inventory:
    """Everything that the office's data files say."""

    catalogue: Catalogue
    network: Network
    office: Office

    @property
    def cloud_vps(self) -> CloudVpsOffer | None:
        """The terms of cloud_vps, or None when it is not offered."""
        return self.catalogue.services.cloud_vps

    @property
    def event_wifi(self) -> EventWifiOffer | None:
        """The terms of event_wifi, or None when it is not offered."""
        return self.catalogue.services.event_wifi

    @property
    def colocation(self) -> ColocationOffer | None:
        """The terms of colocation, or None when it is not offered."""
        return self.catalogue.services.colocation

    @property
    def internet(self) -> InternetOffer | None:
        """The terms of internet, or None when it is not offered."""
        return self.catalogue.services.internet


def load_inventory(settings: Settings) -> Inventory:
    """The office's data. Raises Misconfigured naming file, key and remedy of the first fault."""
    inventory, faults = _read(settings)
    if inventory is None:
        raise faults[0]
    return inventory


def check_inventory(settings: Settings) -> list[Misconfigured]:
    """Every fault of the three files, in their order; empty when all is well."""
    return _read(settings)[1]


class InGroups(Protocol):
    """A device of the Ansible inventory, as far as it matters here."""

    @property
    def groups(self) -> frozenset[str]: ...


def check_hosts(
    network: Network, hosts: Mapping[str, InGroups], file: str = "network.yml"
) -> list[Misconfigured]:
    """Every device that network.yml names and the Ansible inventory does not know as such."""
    faults = [
        Misconfigured(file, key, remedy)
        for key, device, group in _named(network)
        if (remedy := _misplaced(device, group, hosts)) is not None
    ]
    for index, ends in enumerate(network.cables()):
        faults += (
            Misconfigured(file, f"links.{index}", _unknown_host(end.device))
            for end in ends
            if end.device not in hosts
        )
    return faults


def _named(network: Network) -> Iterator[tuple[str, str, str]]:
    """Key, device and the group of the Ansible inventory that it has to be in."""
    for name, place in network.places.items():
        for device in place.access_points:
            yield f"places.{name}.access_points", device, "access_points"
    for name, site in network.sites.items():
        for device in site.access_points:
            yield f"sites.{name}.access_points", device, "access_points"
        for index, port in enumerate(site.free_ports()):
            yield f"sites.{name}.ports.{index}", port.device, "switches"
    for name, rack in network.racks.items():
        for index, port in enumerate(rack.ports()):
            yield f"racks.{name}.switch_ports.{index}", port.device, "switches"
    for name in network.routers:
        yield f"routers.{name}", name, "routers"


def _misplaced(device: str, group: str, hosts: Mapping[str, InGroups]) -> Message | None:
    if device not in hosts:
        return _unknown_host(device)
    if group in hosts[device].groups:
        return None
    return say(
        "%(device)s is not in the group %(group)s of the Ansible inventory; put it there or take "
        "it out here",
        device=device,
        group=group,
    )


def inventory_schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas of the three files, by the file's name without its ending."""
    models: dict[str, type[DataModel]] = {
        "catalogue": Catalogue,
        "network": Network,
        "office": Office,
    }
    return {
        name: {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **model.model_json_schema(),
        }
        for name, model in models.items()
    }


def _read(settings: Settings) -> tuple[Inventory | None, list[Misconfigured]]:
    faults: list[Misconfigured] = []
    catalogue_file = settings.path(settings.catalogue)
    network_file = settings.path(settings.network)
    catalogue = _model(catalogue_file, Catalogue, faults)
    network = _model(network_file, Network, faults)
    office = _model(settings.path(settings.office), Office, faults)
    clusters = frozenset(settings.clusters)
    if catalogue:
        faults += (
            Misconfigured(str(catalogue_file), key, remedy)
            for key, remedy in _catalogue_references(catalogue, clusters)
        )
    if network:
        faults += (
            Misconfigured(str(network_file), key, remedy)
            for key, remedy in _network_references(network, clusters)
        )
    if catalogue and network:
        faults += (
            Misconfigured(str(catalogue_file), key, remedy)
            for key, remedy in _segment_references(catalogue, network)
        )
    if catalogue is None or network is None or office is None or faults:
        return None, faults
    return Inventory(catalogue, network, office), faults


def _model(path: Path, model: type[_Model], faults: list[Misconfigured]) -> _Model | None:
    try:
        data = read_yaml(path)
    except Misconfigured as unread:
        faults.append(unread)
        return None
    if data is None:
        why = say("is empty; `provisioner init` in an empty folder writes an example")
        faults.append(Misconfigured(str(path), "-", why))
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            key = ".".join(str(part) for part in fault["loc"] if part != "[key]") or "-"
            remedy = explain(fault)
            if fault["type"] == "string_type":
                remedy = say("must be a text; put it in quotes")
            faults.append(Misconfigured(str(path), key, remedy))
    return None


def _catalogue_references(
    catalogue: Catalogue, clusters: frozenset[str]
) -> Iterator[tuple[str, Message]]:
    offer = catalogue.services.cloud_vps
    for name, image in offer.images.items() if offer else ():
        for cluster in image.templates:
            if cluster not in clusters:
                yield (
                    f"services.cloud_vps.images.{name}.templates.{cluster}",
                    _unknown_cluster(clusters),
                )


def _segment_references(catalogue: Catalogue, network: Network) -> Iterator[tuple[str, Message]]:
    offer = catalogue.services.event_wifi
    if offer and offer.segment is not None and offer.segment not in network.segments:
        yield (
            "services.event_wifi.segment",
            say(
                "is not a segment of network.yml; segments are: %(segments)s",
                segments=_list(network.segments),
            ),
        )


def _network_references(
    network: Network, clusters: frozenset[str]
) -> Iterator[tuple[str, Message]]:
    for name, server in network.networks.items():
        if server.cluster not in clusters:
            yield f"networks.{name}.cluster", _unknown_cluster(clusters)
    for (one, a), (other, b) in combinations(network.networks.items(), 2):
        if any(x.overlaps(y) for x in a.assignable for y in b.assignable):
            yield (
                f"networks.{other}.assignable",
                say("shares addresses with network %(name)s; give each its own", name=one),
            )
    for (one, first), (other, second) in combinations(network.event_networks.items(), 2):
        if first.vlan == second.vlan:
            yield (
                f"event_networks.{other}.vlan",
                say("is the VLAN of event network %(name)s too; give each its own", name=one),
            )
    for name, place in network.places.items():
        if place.site not in network.sites:
            yield (
                f"places.{name}.site",
                say("is not a site of this file; sites are: %(sites)s", sites=_list(network.sites)),
            )
    yield from _link_faults(network)
    cabled = frozenset(end for ends in network.cables() for end in ends)
    yield from rack_faults(network.racks, network.colocation_networks, network.sites, cabled)
    yield from _colocation_faults(network)
    yield from segment_faults(network)


def _colocation_faults(network: Network) -> Iterator[tuple[str, Message]]:
    """VLANs and addresses that another kind of network has too."""
    for name, colocation in network.colocation_networks.items():
        for other, event in network.event_networks.items():
            if event.vlan == colocation.vlan:
                yield (
                    f"colocation_networks.{name}.vlan",
                    say("is the VLAN of event network %(name)s too; give each its own", name=other),
                )
    every: list[tuple[str, AddressRoom]] = [
        *network.networks.items(),
        *network.colocation_networks.items(),
    ]
    for (one, a), (other, b) in combinations(every, 2):
        if isinstance(b, ColocationNetwork) and any(
            x.overlaps(y) for x in a.assignable for y in b.assignable
        ):
            yield (
                f"colocation_networks.{other}.assignable",
                say("shares addresses with network %(name)s; give each its own", name=one),
            )


def _link_faults(network: Network) -> Iterator[tuple[str, Message]]:
    used: set[tuple[str, str]] = set()
    for index, ends in enumerate(network.cables()):
        if ends[0].device == ends[1].device:
            yield f"links.{index}", say("connects a device with itself")
        for end in ends:
            if end in used:
                yield (
                    f"links.{index}",
                    say(
                        "port %(port)s of %(device)s already has a cable in this file",
                        port=end.port,
                        device=end.device,
                    ),
                )
            used.add(end)


def _unknown_host(name: str) -> Message:
    return say(
        "the Ansible inventory has no host %(device)s; check its spelling or add it there",
        device=name,
    )


def _unknown_cluster(clusters: frozenset[str]) -> Message:
    if not clusters:
        return say("names a cluster, but provisioner.toml has none; add [clusters.NAME] there")
    return say(
        "is not a cluster of provisioner.toml; clusters are: %(clusters)s",
        clusters=_list(clusters),
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "-"
