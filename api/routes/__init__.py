"""The JSON interface of CONTRACTS section 3."""
