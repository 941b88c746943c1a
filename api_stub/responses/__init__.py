"""Answers that HTTP and the command line share."""
