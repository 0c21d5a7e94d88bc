"""What experts are asked in a role: prompts as files with declared variables."""
