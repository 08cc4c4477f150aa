"""Statistics: samples in, estimates and tests out.

What belongs here: tails and risk measures of a sample, volatility models, simulation of losses, tests of
exceptions and of forecasts, performance ratios, factors, relations between series. What does not: whose
losses they are (`risk`), or the drawing of price paths (`paths`).
"""
