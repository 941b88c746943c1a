"""What a day, a campaign and the dashboards count and list."""
