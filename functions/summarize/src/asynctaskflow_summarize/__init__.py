"""summarize: a text in a few sentences, in its own language."""
