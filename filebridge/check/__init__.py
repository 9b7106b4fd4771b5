"""Rules that a good environment keeps, each tried and judged."""
