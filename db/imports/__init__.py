"""Files that people bring: each is read into records, or refused row by row with the reason."""
