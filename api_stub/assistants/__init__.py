"""A server of the Model Context Protocol: tools for assistants, as a client of the HTTP API.

It has no connection to Postgres or Redis. The API decides what the key may do, and audits under its name.
"""
