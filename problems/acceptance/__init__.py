"""EV charging acceptance: the largest station each bus of a feeder can take with its devices."""
