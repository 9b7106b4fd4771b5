"""Bytes and values: the sans-IO half. Nothing here opens, waits, starts or reads a clock."""
