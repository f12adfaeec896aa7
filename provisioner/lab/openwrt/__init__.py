"""A simulated OpenWrt access point: a shell that runs nothing on the host, uci, radios, init."""
