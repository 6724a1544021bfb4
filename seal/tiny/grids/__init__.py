"""The world of grids: a small model that reads puzzles, solves some of them, and writes settings for its training."""
