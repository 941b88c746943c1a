"""Exports of contacts and interactions to CSV, JSON Lines and Parquet files."""
