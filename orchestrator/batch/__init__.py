"""Batches: files of requests that are planned by expert and answered on the slots that serve."""
