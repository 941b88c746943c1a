"""Accounts, their quota, and why they wait."""
