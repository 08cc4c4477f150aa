"""Kernels are declared in one way and all of them can be compiled ahead."""

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from energy_pipeline.mathematics import compilation

PACKAGE = Path(compilation.__file__).parents[1]


def _declared() -> set[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any(ast.unparse(d).startswith("kernel(") for d in node.decorator_list):
                found.add(f"{module}.{node.name}")
    return found


def test_warming_compiles_every_kernel_of_the_package_once():
    names = compilation.warm()
    assert len(names) == len(set(names))
    assert set(names) == _declared()
    assert [k.versions for k in compilation.KERNELS] == [1] * len(names)


def test_numba_is_imported_by_the_helper_alone():
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "numba" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "numba")
    }
    assert users == {"mathematics/compilation.py"}


def test_importing_all_kernels_leaves_numba_alone():
    modules = sorted({name.rpartition(".")[0] for name in _declared()})
    program = f"import importlib, sys; [importlib.import_module(m) for m in {modules!r}]; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(_declared()))
def test_a_kernel_keeps_its_docstring_and_the_function_as_written(name):
    module, _, function = name.rpartition(".")
    found = getattr(importlib.import_module(module), function)
    assert isinstance(found, compilation.Kernel)
    assert found.function.__name__ == function
    assert found.__doc__ == found.function.__doc__


def test_an_array_that_is_read_may_come_in_any_layout_and_kind_and_one_that_is_written_may_not():
    from energy_pipeline.mathematics.backtester.engine import Rule
    from energy_pipeline.mathematics.backtester.engine_kernel import rule_states
    from energy_pipeline.mathematics.statistics.garch import _variances

    strided, whole = np.arange(10.0)[::2], np.arange(0, 10, 2)
    for given in (strided, whole):
        np.testing.assert_array_equal(_variances(given, 0.1, 0.1, 0.8, 1.0), _variances(strided.copy(), 0.1, 0.1, 0.8, 1.0))
    with pytest.raises(TypeError, match="No matching definition"):
        rule_states(whole, np.array(Rule(2.0, 0.5).row()), 1.0, np.zeros(10)[::2])
    read_only = np.arange(5.0)
    read_only.flags.writeable = False
    np.testing.assert_array_equal(_variances(read_only, 0.1, 0.1, 0.8, 1.0), _variances.function(read_only, 0.1, 0.1, 0.8, 1.0))
    assert _variances.versions == 1


def test_what_numba_keeps_on_disk_names_no_class_of_ours():
    """Its index is unpickled before its time stamp is looked at, so a renamed class would make it unreadable."""
    compilation.warm()
    for kernel in compilation.KERNELS:
        found: Any = kernel.compiled
        for signature in found.signatures:
            assert "energy_pipeline" not in pickle.dumps(signature).decode("latin-1"), kernel
