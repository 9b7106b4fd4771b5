"""The command line: ``filebridge`` and ``python -m filebridge``."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command that the process's arguments name, and exit with its code."""
    from filebridge.cli.app import app

    app(prog_name="filebridge")


if __name__ == "__main__":
    main()
