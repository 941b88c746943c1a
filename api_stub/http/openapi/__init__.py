"""The OpenAPI document, with examples and links, and its schemas in words."""
