"""What stands after a request: lifecycle, drift and expiry of service instances."""
