"""Kubernetes tokens as credentials of the API."""
