"""Studies: measured evidence that the pages under docs/ stand on.

What belongs here: walks over real or published data that show how good a part is: forecasts, plants, settled
days, batteries, indices, a small book. What does not: anything a morning needs; only `cli` imports a study.
"""
