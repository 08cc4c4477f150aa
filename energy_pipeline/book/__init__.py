"""The book: what portfolio, risk and reporting share of a day's positions.

What belongs here: the zone's grid, hedges and positions, the outlook a decision rests on, the P&L and its
legs, the book valued and replayed over past errors. What does not: choosing positions (`portfolio`),
measuring what they can lose (`risk`).
"""
