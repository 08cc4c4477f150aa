"""One thread of linear algebra per process.

What belongs here: the setting, for our own programs to import before numpy. What does not:
threads of anything else; a library user's process is left alone.

The pipeline's matrices are small: a second thread gains nothing, spins while it waits (a
tail programme took 22 CPU seconds instead of 0.3), and adds in another order on every machine.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
