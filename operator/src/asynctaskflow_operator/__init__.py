"""Watches ``Task``, ``Function`` and ``Dependency`` resources and Redis; the only part that writes to Kubernetes."""
