"""The same policies on a simulated clock: traces in, swaps, waits and makespans out."""
