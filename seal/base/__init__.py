"""Small things that know nothing of models or experiments: seeds, paths, secrets, the terminal."""
