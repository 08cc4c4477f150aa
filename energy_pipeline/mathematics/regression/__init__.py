"""Regression: coefficients from a matrix and a target.

What belongs here: solvers of regression problems that the forecasts' models share. What does not: the
models of a price and their inputs (`forecasting`).
"""
