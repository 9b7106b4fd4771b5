"""One file for each way to read a value from a message."""
