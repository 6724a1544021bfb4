"""SEAL: an open framework for self-adapting language models (method: arXiv 2506.10943)."""

__version__ = "0.1.0"
