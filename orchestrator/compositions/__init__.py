"""Programs over routers and experts that callers use as models."""
