"""The command line.

What belongs here: options, commands, and how results and errors are printed. What does not: any computation.
"""
