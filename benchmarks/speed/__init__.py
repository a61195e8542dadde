"""Speed of what a user waits for: start-up, first compile, engines, siting."""
