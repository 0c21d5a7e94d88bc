"""What must not pass: addresses that nobody may reach, and secrets that nobody may read."""
