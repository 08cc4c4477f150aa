"""Mathematics: numbers in, numbers out.

What belongs here: everything that can be said in arrays and small frozen types: optimisers, stores,
plant physics, estimators, paths, the backtester. What does not: desk files, tables, delivery days'
rules, frame libraries; it imports with numpy, scipy and numba alone, and of the house only `domain`.
"""
