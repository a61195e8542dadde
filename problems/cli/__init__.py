"""The `feederlab` command: reads its words, calls the library, prints figures and exit codes."""

from __future__ import annotations

import sys

EXTRA_OF_MODULE = {
    "clarabel": "conic",
    "cvxpy": "conic",
    "highspy": "conic",
    "pyscipopt": "conic",
    "distributed": "dask",
    "pandapower": "pandapower",
}
"""Optional packages that a command may ask for, each with the extra that brings it."""


def main() -> None:
    """Run the command; what a user got wrong is one line on stderr and an exit code.

    Exit codes: 0 answered, 1 bad content of a feeder or file, 2 bad command line, 3 no feasible
    answer, 4 a solver failed.
    """
    from powerflow.errors import FeederError
    from problems.cli.app import app
    from problems.core.errors import ContentError, SettingError

    try:
        app()
    except (FeederError, ContentError) as error:
        _fail(str(error), 1)
    except SettingError as error:
        _fail(str(error), 2)
    except ModuleNotFoundError as error:
        extra = EXTRA_OF_MODULE.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _fail(f"this needs the package {error.name}: pip install 'feederlab[{extra}]'", 4)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(f"{where}{error.strerror or error}", 1)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(code)
