"""The book: what portfolio, risk and reporting share.

What belongs here: readers of tables that several stages need and nobody may read in their own way. What does not: anything a
single stage makes. This room lies below the stages and imports none of them.
"""
