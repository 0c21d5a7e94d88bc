"""Several experts made into one: averages, twin merges, blends of adapters."""
