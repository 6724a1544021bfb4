"""Small worlds in which the whole method really runs on two CPU cores."""
