"""The product: requests of departments, planned, approved, carried out and proven."""

__version__ = "0.1.0"
