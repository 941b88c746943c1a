"""Answers that HTTP and the command line share: for each subject its models and the function that fills them.

Models of HTTP alone lie in api_stub/http/models, one module for each module of routes.
"""
