"""Spans of requests: what was under way when, for whoever collects traces (OpenTelemetry)."""
