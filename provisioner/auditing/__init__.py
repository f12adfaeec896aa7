"""The record of events as those read it who answer for it."""
