"""The embedded lab: a simulated cluster and its guests over the real protocols (extra `lab`)."""
