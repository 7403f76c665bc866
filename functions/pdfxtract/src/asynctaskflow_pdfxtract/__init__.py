"""pdfxtract: the articles of a newspaper in PDF, page by page.

Kept free of imports, so that the child process which parses untrusted files starts fast.
"""
