"""The made-up day, for every test of this folder."""

from energy_pipeline_tests.made_up_day import made_up_day

__all__ = ["made_up_day"]
