"""What each planned step calls on a driver: apply, verify, undo; each begins by looking."""
