"""Proofs and guided search held to their targets on the feeders of the HGAPSO paper."""
