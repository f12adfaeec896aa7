"""Simulated network devices over real SSH: one topology beneath, faults by command."""
