"""Statistics of a run: means, intervals, paired differences, and the noise of selection. Pure functions."""
