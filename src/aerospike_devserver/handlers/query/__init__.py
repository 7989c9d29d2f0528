"""Scans, queries and background jobs: which records, in which turns, what of them."""
