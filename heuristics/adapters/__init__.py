"""Other libraries' engines as ours, and our problems as theirs; each file needs its library."""
