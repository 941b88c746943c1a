"""What imports, names, backups and tables by month cost."""
