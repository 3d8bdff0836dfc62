"""Data on this machine: where tables lie, import and verification."""
