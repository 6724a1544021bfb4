"""Every causal architecture of transformers, small and random: what SEAL does with it, held against the plain ways."""
