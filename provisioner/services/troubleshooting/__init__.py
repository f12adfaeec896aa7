"""Help with a fault: a look along the way, and remedies that change nothing that is set up."""
