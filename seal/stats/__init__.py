"""Numbers and their intervals: what a run found, and how much of it is luck. Pure."""
