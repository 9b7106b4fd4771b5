"""Python for simulators that YAML cannot describe (a binary protocol, say)."""
