"""Reporting: the SQL models for BI and the one-page report of a delivery day.

What belongs here: reading the SQL project and drawing the report from frames. What
does not: running SQL (lake), reading files, any number that an earlier stage did not
compute.
"""

from energy_pipeline.reporting.report import report_html
from energy_pipeline.reporting.sql_project import SqlModel, SqlProject

__all__ = ["SqlModel", "SqlProject", "report_html"]
