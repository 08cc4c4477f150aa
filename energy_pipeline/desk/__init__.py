"""What the desk owns and may do: typed settings read from one YAML file.

What belongs here: the pydantic models of a desk file, reading it, telling every
mistake at once, and the demo desk. What does not: market data or any computation on it.
"""

from energy_pipeline.desk.load import demo_desk_path, load_desk
from energy_pipeline.desk.model import Desk

__all__ = ["Desk", "demo_desk_path", "load_desk"]
