"""Trains and measures the tiny experts that ship with the project."""
