"""The command `feederlab site`."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
