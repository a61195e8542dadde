"""The acceptance paper: its tables and what its text says of its figures, beside ours."""
