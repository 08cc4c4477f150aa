"""How our own processes are set."""

from __future__ import annotations

import resource

import numpy as np
import pytest

from energy_pipeline import threads


@pytest.mark.skipif(not threads.keep_memory(), reason="the C library is no glibc: it keeps what it likes")
def test_an_array_freed_and_made_again_costs_no_new_pages():
    """Counted, not timed: some 20,000 pages are filled anew where freed memory goes back to the system."""

    def work() -> None:
        ((np.ones((200, 900)) - 1.0) / 2.0).clip(-1, 1)

    work()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(40):
        work()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 2000
