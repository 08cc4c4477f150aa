"""Words of the page, each said once: the list at its end and the hints on column heads.

What belongs here: terms as the page writes them, with sign and unit. What does not: definitions of columns (the contracts).
"""

from __future__ import annotations

TERMS: dict[str, str] = {
    "Expected P&L": "Mean of the book's P&L over the scenarios of the decision; hedges at proxy quotes earn nothing in it.",
    "VaR": "Loss against the expected day that is exceeded on one day in 20 (95 %), 40 (97.5 %) or 100 (99 %); positive is a loss.",
    "ES": "Expected shortfall: mean loss against the expected day over the worst days beyond the level; positive is a loss.",
    "CVaR": "Conditional value at risk of the optimisation: mean of the worst P&L itself, as a loss; negative says that even the worst days gain.",
    "VaR exception": "A settled day that fell short of its expectation by more than its VaR.",
    "limit at 100 %": "The optimiser sits on this bound. Amber: full, kept. Red: broken.",
    "shadow price": "\N{CURRENCY SIGN} a day that one more unit of a limit would add to the expected P&L.",
    "base, peak, off-peak": "All hours; Monday to Friday 08-20 local; the rest.",
    "day-ahead, second price": "Price of the day-ahead auction; price at which a deviation is traded back (intraday, real time or imbalance).",
    "naive": "The similar day: the price of D-1 on Tuesday to Friday, else that of D-7.",
    "MAE, RMSE, bias": "Mean absolute error, root mean square error, mean of forecast less outcome.",
    "pinball": "Mean quantile loss over the published levels; smaller is better.",
    "E[g | gate]": "Expected output given what is known at the gate.",
    "deviation": "Output less what was sold, traded back at the second price.",
    "speculative": "What was sold beyond expected output: a view on the second price.",
    "proxy": "A quote the desk derives by a declared rule because no quote is known; kept out of the headline.",
    "fallback": "A simpler method that stands in, declared by the desk, where the first could not work.",
    "V_t": "Value of one more MWh in the store at the start of the interval.",
    "delta, gamma, vega": "Change of value by the price (first order, second order) and by its volatility.",
    "Kupiec, Christoffersen": "Tests of how many VaR exceptions there were, and of whether they come in clusters; small p speaks against the model.",
    "variance taken off": "1 - variance with hedge over variance without; negative: the hedge adds risk.",
    "foresight": "What the asset would have earned had it known the day's prices.",
}


def hint(head: str) -> str:
    """The explanation a column head gets, or nothing.

    >>> hint("pinball")
    'Mean quantile loss over the published levels; smaller is better.'
    >>> hint("Zone")
    ''
    """
    low = head.lower()
    return next((text for term, text in TERMS.items() if low in {part.strip().lower() for part in (term, *term.split(","))}), "")
