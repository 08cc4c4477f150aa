"""`python -m energy_pipeline.cli`: the command line without its script.

What belongs here: the call. What does not: any option.
"""

from energy_pipeline.cli.main import app

app()
