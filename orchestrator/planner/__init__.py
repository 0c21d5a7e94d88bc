"""Plans of batches: which calls run on which slot, grouped by expert, in which order; all pure."""
