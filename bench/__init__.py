"""Measures the service against its bars; `python -m bench.gateway` is the entry."""
