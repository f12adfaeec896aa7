"""Reading what is, through the drivers, into our own types."""
