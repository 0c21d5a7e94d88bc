"""Puts a data set to the experts of a running service and keeps what they answered."""
