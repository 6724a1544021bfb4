"""A run's folder: records, results, progress, and the other files."""
