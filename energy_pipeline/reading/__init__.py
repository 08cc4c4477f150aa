"""Reading what users wrote: one way for every file through which their data enters.

What belongs here: bytes to cells (`opening`), cells to numbers (`numbers`), cells to times (`stamps`, `clocks`); all
pure. What does not: paths and disks (`lake.source_files`), what a column means (the door that reads it), or whether a
number is plausible.
"""
