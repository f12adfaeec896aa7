"""What the office offers and where, read from inventory/ and checked."""

from provisioner.catalogue.loading import (
    Inventory,
    check_hosts,
    check_inventory,
    inventory_schemas,
    load_inventory,
)
from provisioner.catalogue.network import EventNetwork, Network, Place, ServerNetwork
from provisioner.catalogue.offers import (
    Catalogue,
    CloudVpsOffer,
    ColocationOffer,
    EventWifiOffer,
    Image,
    ServiceOffer,
    Size,
)
from provisioner.catalogue.office import Office
from provisioner.catalogue.racks import ColocationNetwork, Rack

__all__ = [
    "Catalogue",
    "CloudVpsOffer",
    "ColocationNetwork",
    "ColocationOffer",
    "EventNetwork",
    "EventWifiOffer",
    "Image",
    "Inventory",
    "Network",
    "Office",
    "Place",
    "Rack",
    "ServerNetwork",
    "ServiceOffer",
    "Size",
    "check_hosts",
    "check_inventory",
    "inventory_schemas",
    "load_inventory",
]
