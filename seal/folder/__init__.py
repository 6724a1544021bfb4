"""A run's folder: records, the files beside them, who works in it, and what was found."""
