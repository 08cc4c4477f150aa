"""A forward book: contracts of many kinds, what is held, and the best changes at today's quotes.

What belongs here: contracts and their payoffs, cascading, the book's files, its allocation
problem. What does not: the day's book of the daily flow (`portfolio.decision`), solvers
(`mathematics.allocation`).
"""

from energy_pipeline.portfolio.forwards.book import BookAnswer, ForwardBook, improve, objective_of
from energy_pipeline.portfolio.forwards.files import read_book, read_limits, read_market
from energy_pipeline.portfolio.forwards.instruments import Instrument, cascade, payoffs
from energy_pipeline.portfolio.forwards.market import Market

__all__ = [
    "BookAnswer",
    "ForwardBook",
    "Instrument",
    "Market",
    "cascade",
    "improve",
    "objective_of",
    "payoffs",
    "read_book",
    "read_limits",
    "read_market",
]
