"""Fetching: what the desk's live series lack is asked for, and every answer is kept before it is read.

What belongs here: clock, network, secrets and the archive of raw answers. What does not: what an answer means (the
connectors), which vintages follow from it (`ingestion.live`), schedules (orchestration).
"""
