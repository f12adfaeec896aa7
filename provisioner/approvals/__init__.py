"""Who said yes to which plan."""
