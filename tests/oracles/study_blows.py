"""Owns how a study is begun in a process of its own, to be struck there."""

QUICK = ("--runs", "3", "--evaluations", "120", "--seed", "7", "--engines", "ga,pso")
# Checkpoints every fifth of a second, so that runs in this process leave some behind.
START = "import heuristics.loop as loop; loop.CHECKPOINT_PERIOD_S = 0.2; "
START += "from problems.cli import main; main()"
