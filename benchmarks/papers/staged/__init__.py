"""The staged-planning paper: its tables and claims beside ours."""
