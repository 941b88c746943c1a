"""`rapport contacts`, `import`, `export` and `data`: people, and importing and exporting them."""
