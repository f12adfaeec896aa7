"""Plans of what can be done to a cloud VPS that stands, one module for each family of actions."""
