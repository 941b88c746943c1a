"""How the elements of each page of LinkedIn are found, by page, the newest form first."""
