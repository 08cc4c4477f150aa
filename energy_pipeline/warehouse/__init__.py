"""The warehouse: the SQL project, its marts, and the file BI tools read.

What belongs here: reading the SQL models, building marts from the lake's days, publishing and the swap.
What does not: what a table means (`contracts`), the days themselves (`lake`), or the report (`reporting`).
"""
