"""systemd units for Rapport's processes."""
