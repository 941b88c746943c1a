"""Rules of notices: what people are told, in which words, when and how often."""
