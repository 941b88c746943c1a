"""What is read, checked and sent in the conversation with one person."""
