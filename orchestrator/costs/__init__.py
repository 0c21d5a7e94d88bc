"""What a step of the ladder and a call cost in seconds: priors, and averages of what was seen."""
