"""Assets whose worth is the right to decide later: batteries, gas stores, swing, tolling, grid services.

What belongs here: their description as numbers, exact perfect foresight, non-anticipative policies for
both information structures (`policy`: prices seen one by one; `auction`: a day fixed before its prices),
bids, values with bounds. What does not: the desk's assets and their tables (`flexibility`), price paths (`paths`).
"""
