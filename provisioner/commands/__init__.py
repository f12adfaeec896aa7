"""The command line, a module per group of commands; assembled in provisioner.cli."""
