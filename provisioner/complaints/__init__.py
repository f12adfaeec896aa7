"""Complaints, suggestions and appreciation, and their deadlines."""
