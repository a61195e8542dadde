"""Ctrl-C while kernels run: held until a moment at which it cannot get lost."""

import signal
import threading
from types import FrameType, TracebackType


class HeldInterrupt:
    """Context in which a Ctrl-C waits for `release`; a second one does not wait.

    Numba runs Python code while it hands the results of a kernel over. A KeyboardInterrupt that
    is raised just there comes out as a SystemError, or not at all: the run would go on, or fail
    for no reason of its own. So the loop takes note of it and raises it between two batches.

    It does nothing outside the main thread, where no interrupt is raised, and where the process
    has a handler of its own.
    """

    def __init__(self) -> None:
        self.is_pending = False
        self.is_holding = False

    def __enter__(self) -> "HeldInterrupt":
        self.is_holding = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self.is_holding:
            signal.signal(signal.SIGINT, self._hold)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_holding:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.release()

    def release(self) -> None:
        """Raise KeyboardInterrupt if there was a Ctrl-C."""
        if self.is_pending:
            self.is_pending = False
            raise KeyboardInterrupt

    def _hold(self, signum: int, frame: FrameType | None) -> None:
        if self.is_pending:
            raise KeyboardInterrupt
        self.is_pending = True
