"""Words for people that several front ends share: the command line, notices, HTTP."""
