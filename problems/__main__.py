"""Runs the command with ``python -m problems``."""

from problems.cli import main

if __name__ == "__main__":
    main()
