"""Redis: records, metadata, the generation pointer."""
