"""First registries: from models at hand, and from what other gateways were configured with."""
