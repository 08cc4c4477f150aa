"""The embedded synthetic market: every raw table for any day, from a seed and nothing else.

What belongs here: a market with a physical story (weather -> wind, sun, load -> merit
order -> coupled prices -> what forecast errors do to the second price) and its
publication times. What does not: reading files, vintages, quality.

Any day can be made alone and has the same bytes whatever range was asked for.
"""

from energy_pipeline.ingestion.synthetic.tables import generate

__all__ = ["generate"]
