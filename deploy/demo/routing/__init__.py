"""What the demo's router learns from: compositions of asks, by seed."""
