"""Puts a data set to experts and keeps what they answered."""
