"""How a batch is split over threads."""

import os
from threading import Lock

import pytest

from powerflow.threads import MIN_CASES, run_split


@pytest.mark.parametrize("n_threads", [1, 2, 3, 7])
@pytest.mark.parametrize("n_case", [0, 1, MIN_CASES, 2 * MIN_CASES, 1001])
def test_every_case_is_worked_on_once(n_case: int, n_threads: int) -> None:
    counts, lock = [0] * n_case, Lock()

    def work(first: int, last: int) -> None:
        with lock:
            for case in range(first, last):
                counts[case] += 1

    run_split(work, n_case, n_threads)
    assert counts == [1] * n_case


@pytest.mark.parametrize("bad", [0, 1])
def test_error_in_any_part_is_raised_when_all_have_ended(bad: int) -> None:
    ended = []

    def work(first: int, last: int) -> None:
        ended.append(first)
        if (first > 0) == bad:
            raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        run_split(work, 10 * MIN_CASES, 2)
    assert len(ended) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_process_starts_threads_of_its_own() -> None:
    seen: list[int] = []
    run_split(lambda first, last: seen.append(first), 2 * MIN_CASES, 2)
    child = os.fork()
    if child == 0:
        again: list[int] = []
        run_split(lambda first, last: again.append(first), 2 * MIN_CASES, 2)
        os._exit(0 if len(again) == 2 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
