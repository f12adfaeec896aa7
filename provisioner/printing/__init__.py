"""Printed matter: one template gives the page to look at and the PDF to keep."""
