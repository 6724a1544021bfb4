"""Grids of colours, the puzzles made of them (ARC, arXiv 1911.01547), and what can be done to them without a model."""
