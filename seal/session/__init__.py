"""Performs one experiment: checks it, forecasts its cost, shows its progress, handles interruptions."""
