"""Sweeps: many runs that differ in some settings. Points, jobs, search, and the choice of the best setting."""
