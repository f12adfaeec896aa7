"""Sessions with network devices over SSH: who is spoken to, how many at once, how it fails."""
