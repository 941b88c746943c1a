"""What texts may hold and how long they are, CSV cells, and suggestions for mistyped names."""
