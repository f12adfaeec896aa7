"""The service colocation: a server of the department's own in the office's data centre."""
