"""A configuration compiled for speed: whatever can be decided from the YAML is decided here, once."""

from filebridge.program.compilation import Program, compile_program, load_program

__all__ = ["Program", "compile_program", "load_program"]
