"""The service cloud_vps: a virtual server on one of the office's clusters."""
