"""Embedded simulators: small console programs, standard library only, written as legacy programs are."""
