"""Answers that are told again: what may be, under which key, how they are kept and replayed."""
