"""Readers: one file per format, each ends in `make_feeder`."""
