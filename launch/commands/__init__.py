"""One module a command, named as it; its `main` takes what was parsed and returns the exit code."""
