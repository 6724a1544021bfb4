"""What is done with the product of a run: it is asked, and exported for other programs."""
