"""RouterOS as a dialect: its syntax, its configuration as data, its sessions and work."""
