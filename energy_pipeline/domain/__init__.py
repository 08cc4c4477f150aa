"""The vocabulary every stage shares: delivery days, blocks, units, errors.

What belongs here: small, pure types with no I/O and no knowledge of any table's
columns. What does not: models, desk settings, anything that reads a file.
"""
