"""The Python SDK: needs only the wire."""
