"""Trading rules: from a daily series that is known to the position wanted for the next day.

What belongs here: pure rules, one kind a module; each maps arrays to a wish of -1 (sell) .. +1
(buy). What does not: reading data (`history`), labels and rows of the table (`instruments`).
"""
