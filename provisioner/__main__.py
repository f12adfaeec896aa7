"""`python -m provisioner` is the command `provisioner`."""

from provisioner.cli import main

main()
