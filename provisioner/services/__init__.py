"""One package per service of the catalogue: its form, its planner, its acceptance."""
