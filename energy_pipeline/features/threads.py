"""One thread for linear algebra, so that a result has the same bits on every machine.

What belongs here: limiting the threads of loaded libraries. What does not: what is computed meanwhile.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

LIBRARIES_WITH_THREADS = ("numpy", "scipy.linalg", "sklearn", "xgboost", "tensorflow")
"""Modules whose import brings a thread pool of its own."""


@lru_cache(maxsize=1)
def _loaded_pools(modules: int) -> ThreadpoolController:  # noqa: ARG001 - more modules may have brought a library
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """The loaded libraries on one thread; searching for their pools takes milliseconds, so only when libraries were loaded since."""
    import scipy.linalg  # noqa: F401 - before the search, so that the first day of a process is as limited as the others

    pools: AbstractContextManager[object] = _loaded_pools(sum(name in sys.modules for name in LIBRARIES_WITH_THREADS)).limit(limits=1)
    return pools
