"""Every guard of the safety chain, and the test that fails when it is taken out."""
