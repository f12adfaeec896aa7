"""The service event_wifi: a wireless network for an event, on at its start and off at its end."""
