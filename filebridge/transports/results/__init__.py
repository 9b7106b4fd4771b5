"""Files that a simulator answers in: when one is whole and new, and what is read of it."""
