"""How our own processes are set: one thread of linear algebra and of frames, rare searches for cycles of objects, memory that is kept.

What belongs here: the settings, for our own programs to import before numpy and polars. What does not:
threads of anything else; a library user's process is left alone.

The pipeline's matrices are small: a second thread gains nothing, spins while it waits (a
tail programme took 22 CPU seconds instead of 0.3), and adds in another order on every machine. Its frames are small too: polars'
second thread costs a tenth of a range's CPU time, half of it in the system, and saves no time. More work is done by more processes.

Loading Dagster and the desk makes a million objects that stay. Python looks through the young ones after every 700 new
ones by default and finds nothing: a quarter of the time until a command begins to work.

glibc gives every freed array of some 100 KB back to the system and asks for it again a microsecond later, and the system fills each
page with zeros: half of the time of a kernel regression. So freed memory is kept for the next array, up to `KEPT_BYTES`.
"""

import ctypes
import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # a training job adds in one order
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

NEW_OBJECTS_PER_SEARCH = 200_000
gc.set_threshold(NEW_OBJECTS_PER_SEARCH, 20, 20)


KEPT_BYTES, LARGE_BYTES = 512 << 20, 32 << 20
"""Freed memory that is kept, and from which size on an array has pages of its own (glibc takes no more)."""


def keep_memory() -> bool:
    """Tell the C library so; False where it is no glibc, which keeps what it likes."""
    trim_threshold, mmap_threshold = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return all([mallopt(trim_threshold, KEPT_BYTES), mallopt(mmap_threshold, LARGE_BYTES)])


keep_memory()
