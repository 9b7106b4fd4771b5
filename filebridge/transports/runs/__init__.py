"""A process for each exchange: its start, its end, its results, and those that are remembered."""
