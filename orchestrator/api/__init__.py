"""The only folder that knows HTTP: OpenAI-compatible endpoints, SSE, errors, admin."""
