"""Batches larger than memory: folders of lines, routed and cut up by expert, answered by run."""
