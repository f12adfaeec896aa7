"""Doing it: durable runs of approved plans, step after step."""
