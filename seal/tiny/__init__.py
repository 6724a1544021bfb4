"""Worlds so small that the whole method runs in them, for real, on two CPU cores."""
