"""Races against other people's software, one adapter file a peer."""
