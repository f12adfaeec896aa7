"""Finding what waits and what was: the queue, words of instances, saved filters."""
