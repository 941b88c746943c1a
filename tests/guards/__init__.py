"""Every guard of the safety chain, and the test that fails without it."""
