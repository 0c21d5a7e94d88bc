"""Where a model's files come from: fetched, verified and kept.

Knows no registry and no engine: a `Wanted` says which files, a `Library` where they are kept.
"""
