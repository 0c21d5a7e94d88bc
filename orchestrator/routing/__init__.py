"""From the routers that the registry names to routers that route."""
