"""One action from dispatch to its record: carrying it out, settling it, recovering and reconciling it."""
