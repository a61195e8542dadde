"""Staged investment: what to build, where and when, while PV and electric vehicles grow."""
