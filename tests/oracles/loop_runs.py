"""Owns engines and problems that tests of the loop share."""

ENGINES = ["ga", "pso", "hgapso", "random"]
