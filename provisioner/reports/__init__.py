"""What came of it: the result and its proof, written back on the request."""
