"""The offline provider: summaries, keywords and languages without a network or a model.

It is a provider like any other and named in every result. All modules here are pure: values in,
values out. They import nothing outside the standard library, so a child process can load them fast.
"""

PROVIDER = "offline"
MODEL = "lexrank"
