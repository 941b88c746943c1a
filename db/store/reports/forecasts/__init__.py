"""When greetings go out, and when a campaign will be done."""
