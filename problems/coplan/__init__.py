"""Cables, breakers and storage for feeders full of EVs: diagnosis, upgrades, hosting capacity."""
