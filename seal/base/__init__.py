"""Small helpers that know no models and no experiments: seeds, paths, secrets, the terminal."""
