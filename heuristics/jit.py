"""The typed door to Numba: the kernel decorator and the array types that kernels take."""

from collections.abc import Callable
from typing import ParamSpec, TypeAlias, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of arrays and numbers to machine code that never raises.

    Parameters
    ----------
    function : callable
        Written in the subset of Python that Numba compiles. Division by zero gives inf or NaN,
        as in NumPy.

    Returns
    -------
    callable
        The compiled function; compiled at its first call and cached on disk.
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast(Callable[P, R], compiled)
