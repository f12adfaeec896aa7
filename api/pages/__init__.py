"""The console: pages rendered on the server, complete without JavaScript."""
