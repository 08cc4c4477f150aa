"""Errors of the wind engine.

What belongs here: what is raised when turbines, farms or weather cannot be used. What does
not: the checks that find it.
"""

from __future__ import annotations

from collections.abc import Sequence

from energy_pipeline.domain.errors import Finding, PipelineError


class WindInputError(PipelineError):
    """A turbine, farm or weather series cannot be used; `findings` holds every reason.

    Attributes
    ----------
    what : str
        The thing that is wrong ("turbine V80/2000", "weather").
    findings : tuple of Finding
        All problems found, each with rows, values and the next step.
    """

    def __init__(self, what: str, findings: Sequence[Finding]) -> None:
        self.what = what
        self.findings = tuple(findings)
        lines = "\n".join(f"  - {f}" for f in self.findings)
        super().__init__(f"{what}: {len(self.findings)} problem(s)\n{lines}")


def raise_if_any(what: str, findings: Sequence[Finding]) -> None:
    """Raise one `WindInputError` for all `findings`; nothing when there is none."""
    if findings:
        raise WindInputError(what, findings)
