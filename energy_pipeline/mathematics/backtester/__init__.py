"""The backtester: rules on bars of a price, what their orders cost, and what they earn.

What belongs here: the engine and its kernel, costs of orders, schedules of execution, indicators. What
does not: the desk's strategies, their instruments and tables (`strategies`).
"""
