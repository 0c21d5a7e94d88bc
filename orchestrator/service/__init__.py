"""What runs: Ray Serve deployments, the composition root, settings."""
