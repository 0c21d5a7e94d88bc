"""Which expert a slot holds next: pure policy, and the loop that carries it out."""
