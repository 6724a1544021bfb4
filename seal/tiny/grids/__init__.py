"""The world of grids: a small model that reads puzzles, solves some, and writes settings for its own training."""
