"""What the office offers and where, read from inventory/ and checked."""

from provisioner.catalogue.loading import (
    Inventory,
    check_inventory,
    inventory_schemas,
    load_inventory,
)
from provisioner.catalogue.network import Network, ServerNetwork
from provisioner.catalogue.offers import Catalogue, CloudVpsOffer, Image, ServiceOffer, Size
from provisioner.catalogue.office import Office

__all__ = [
    "Catalogue",
    "CloudVpsOffer",
    "Image",
    "Inventory",
    "Network",
    "Office",
    "ServerNetwork",
    "ServiceOffer",
    "Size",
    "check_inventory",
    "inventory_schemas",
    "load_inventory",
]
