"""One endpoint over many expert language models."""

__version__ = "0.1.0"
