"""Measures of a run, and tables of them."""
