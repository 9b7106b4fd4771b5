"""YAML text becomes a validated model; every problem is reported at once, with its place."""
