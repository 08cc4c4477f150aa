"""The runner: flows in this process, and what is asked of a lake without one.

What belongs here: running flows over days and spans, the instance they are recorded in, the doctor, the
summary of a day, what-if questions. What does not: the graph (`orchestration`), printing (`cli`).
"""
