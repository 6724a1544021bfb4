"""Turns the command line and YAML files into a checked `Run`, or reports every fault."""
