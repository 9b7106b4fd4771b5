"""The version, alone in its module so that building a package imports nothing else."""

VERSION = "0.1.0"
