"""Looks at the queues, decides, and makes Deployments follow."""
