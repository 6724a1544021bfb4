"""One module per command, with the command's name. Its `main` takes the parsed arguments and returns the exit code."""
