"""What the office offers and where, read from inventory/ and checked."""

from provisioner.catalogue.loading import (
    Inventory,
    check_hosts,
    check_inventory,
    inventory_schemas,
    load_inventory,
)
from provisioner.catalogue.network import EventNetwork, Network, Place, ServerNetwork, Site
from provisioner.catalogue.offers import (
    Catalogue,
    CloudVpsOffer,
    ColocationOffer,
    EventWifiOffer,
    Image,
    InternetOffer,
    ServiceOffer,
    Size,
)
from provisioner.catalogue.office import Office
from provisioner.catalogue.racks import ColocationNetwork, Rack
from provisioner.catalogue.segments import RouterFacts, Segment, VlanRange

__all__ = [
    "Catalogue",
    "CloudVpsOffer",
    "ColocationNetwork",
    "ColocationOffer",
    "EventNetwork",
    "EventWifiOffer",
    "Image",
    "InternetOffer",
    "Inventory",
    "Network",
    "Office",
    "Place",
    "Rack",
    "RouterFacts",
    "Segment",
    "ServerNetwork",
    "ServiceOffer",
    "Site",
    "Size",
    "VlanRange",
    "check_hosts",
    "check_inventory",
    "inventory_schemas",
    "load_inventory",
]
