"""What a decision of the quota costs."""
