"""Reporting: the one-page report of a delivery day.

What belongs here: drawing the report from frames. What
does not: the SQL models (`warehouse`), reading files, any number that an earlier stage did not
compute.
"""

from energy_pipeline.reporting.report import report_html

__all__ = ["report_html"]
