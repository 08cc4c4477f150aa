"""Writes the commit a wheel is built from into the wheel.

What belongs here: hatchling's hook. What does not: how the commit is found (`energy_pipeline/orchestration/code_version.py`).
"""

import importlib.util
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CodeVersion(BuildHookInterface[Any]):
    """Adds `code_version.txt`; an editable install asks git itself, each time."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Find the version of the tree that is built."""
        source = Path(self.root) / "energy_pipeline" / "orchestration" / "code_version.py"
        specification = importlib.util.spec_from_file_location("code_version", source)
        if version == "editable" or specification is None or specification.loader is None:
            return
        code = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(code)
        target = source.with_name(code.BAKED)
        if target.exists():  # built from a source distribution, which holds it
            return
        self._folder = tempfile.TemporaryDirectory()
        written = Path(self._folder.name) / code.BAKED
        written.write_text(f"{self.metadata.version}{code.local_part(Path(self.root))}\n", encoding="utf-8")
        build_data["force_include"][str(written)] = str(target.relative_to(self.root))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's signature
        """Remove the temporary file."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()
