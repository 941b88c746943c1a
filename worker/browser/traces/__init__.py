"""Record what an action does in the browser, and mask the recording before it is kept."""
