"""Private copies of the global random generators, for libraries that draw from those."""

import random
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np


@dataclass(slots=True)
class PrivateChance:
    """A state of Python's and NumPy's global generators that is in force inside `with` only.

    Inside the block the global generators continue from the private state; after it they stand
    where they stood before, and the private state is where the block left them. Threads share the
    global generators: only one may be inside such a block.

    Examples
    --------
    >>> import random
    >>> before, chance = random.getstate(), PrivateChance.seeded(1)
    >>> with chance:
    ...     first = random.random()
    >>> with chance:
    ...     second = random.random()
    >>> first != second, random.getstate() == before
    (True, True)
    """

    python: Any
    numpy: Any

    @classmethod
    def seeded(cls, seed: int) -> "PrivateChance":
        """Return the private state that a seed below 2**32 stands for."""
        # RandomState is the legacy generator behind NumPy's global functions, as an object.
        return cls(random.Random(seed).getstate(), np.random.RandomState(seed).get_state())

    def __enter__(self) -> None:
        self._exchange()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exchange()

    def _exchange(self) -> None:
        python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.setstate(self.python)
        np.random.set_state(self.numpy)  # noqa: NPY002
        self.python, self.numpy = python, legacy
