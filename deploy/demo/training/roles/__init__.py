"""Experts that play a part in compositions: they work on questions, they do not answer them."""
