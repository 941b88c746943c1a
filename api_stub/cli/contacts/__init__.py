"""`rapport contacts`, `import`, `export` and `data`: people, and the files they come from and go to."""
