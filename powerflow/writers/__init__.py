"""Writers: a feeder as other programs read it, one file per format."""
