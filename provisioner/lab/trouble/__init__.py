"""The library of faults: each is shown by the lab, diagnosed by the product, and compared."""
