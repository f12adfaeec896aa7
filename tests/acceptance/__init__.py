"""The product as an outsider meets it: commands, HTTP and a lab in another process, no imports."""
