"""Erasure of people, tombstones, and retention."""
