"""Compiling every kernel, and the bytecode of the large libraries, before anything needs them: what an installation does once.

What belongs here: which module goes to which process. What does not: how a kernel is compiled
(`mathematics.compilation`).

The machine code is kept beside each module, keyed by the module's time stamp and this machine's processor; a later
process loads it. Two processes never compile one module, so none waits for another's files.
"""

from __future__ import annotations

import importlib
import multiprocessing
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import energy_pipeline.mathematics

MARK = "energy_pipeline.mathematics.compilation"
"""A module that names this one may declare kernels."""
LIBRARIES = ("tensorflow", "great_expectations", "xgboost", "statsmodels.api", "scipy.optimize", "energy_pipeline.definitions")
"""Imported once, so that their bytecode is on disk: an installation leaves it to the first import, some 20 CPU seconds for these."""


def kernel_modules() -> list[str]:
    """Modules that may declare kernels, longest source first: those take longest to compile."""
    root = Path(energy_pipeline.mathematics.__file__).parent
    named = [m.name for m in pkgutil.walk_packages([str(root)], "energy_pipeline.mathematics.") if not m.ispkg]
    sources = {name: root.joinpath(*name.split(".")[2:]).with_suffix(".py").read_text(encoding="utf-8") for name in named}
    return sorted((name for name, text in sources.items() if MARK in text and name != MARK), key=lambda name: (-len(sources[name]), name))


def warm_module(name: str) -> list[str]:
    """Compile, or load where they are kept, the kernels that one module declares; returns their names."""
    from energy_pipeline.mathematics.compilation import KERNELS

    importlib.import_module(name)
    own = [found for found in list(KERNELS) if found.function.__module__ == name]
    for found in own:
        _ = found.compiled
    return [f"{name}.{found.function.__name__}" for found in own]


def warm(workers: int) -> Iterator[list[str]]:
    """Compile all kernels on several processes; the names of each module's, as they are ready."""
    names = [*LIBRARIES, *kernel_modules()]
    if workers == 1:
        yield from map(warm_module, names)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(warm_module, names)
