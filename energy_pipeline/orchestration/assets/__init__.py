"""The assets, one module per stage, in the order of the flow.

What belongs here: which tables exist, what they depend on, which stage function makes
them. What does not: how a step runs (`factory`), or any computation (the stages).
"""
