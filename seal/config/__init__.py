"""From the command line and YAML files to a `Run`, or to a list of what is wrong."""
