"""How people ask: the card of a service, forms kept half filled in, the receipt, the tracking."""
