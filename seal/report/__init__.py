"""What a run leaves for people to look at: tables, plots, one page."""
