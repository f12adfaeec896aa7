"""Looking without touching: checks, the way they follow, and what their results mean."""
