"""Kills at every point and every fault, in full: `make test-faults`."""
