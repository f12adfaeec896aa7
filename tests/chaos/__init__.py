"""Kill -9 of the worker at random instants, and what has to be true afterwards."""
