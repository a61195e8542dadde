"""Races against peers, speed, trust and reproductions; part of the repository, not of the wheel."""
