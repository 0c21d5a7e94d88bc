"""Who asks, what it may ask for, and what it may spend: keys, their terms and their meters."""
