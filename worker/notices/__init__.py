"""Notices: how they look, and how they are sent.

Each message is sent by a child process, so that no service can harm the notifier.
"""
