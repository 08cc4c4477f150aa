"""Commands that are more than one call: their files, progress and resumption.

What belongs here: what a command reads and writes and how it goes on after a kill. What
does not: the command line's options (`cli`), or any computation (the stages).
"""
