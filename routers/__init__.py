"""Choosing the expert for a prompt; knows nothing of how experts are served."""
