"""Paths: drawing many futures, choosing few for many, and telling how good a set is.

What belongs here: bootstrap, copulas, marginals, the path model and its kernel, reduction, trees, scores
of sets. What does not: which series are drawn for a day, and their tables (`scenarios`).
"""
