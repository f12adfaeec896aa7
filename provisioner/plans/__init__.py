"""What would be done: plans are values, made by pure planners, with holds on what they chose."""
