"""The ways in: the command line, and what runs on other machines."""
