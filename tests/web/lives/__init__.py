"""Whole lives of requests, lived by four people in four browsers."""
