"""Recorded histories of the engine."""
