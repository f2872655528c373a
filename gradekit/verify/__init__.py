"""Prove the hidden tests of an assignment."""
