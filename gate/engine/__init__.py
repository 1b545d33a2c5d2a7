"""Rego engines behind one protocol."""
