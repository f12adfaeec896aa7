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
    EventWifiOffer,
    Image,
    ServiceOffer,
    Size,
)
from provisioner.catalogue.office import Office

__all__ = [
    "Catalogue",
    "CloudVpsOffer",
    "EventNetwork",
    "EventWifiOffer",
    "Image",
    "Inventory",
    "Network",
    "Office",
    "Place",
    "ServerNetwork",
    "ServiceOffer",
    "Size",
    "check_hosts",
    "check_inventory",
    "inventory_schemas",
    "load_inventory",
]
