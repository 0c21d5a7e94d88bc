"""What the service tells of its decisions: one line of JSON each, by a catalogue."""
