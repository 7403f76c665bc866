"""What the hooks of the chart run: make Secrets, apply the values' Functions, take them away again, try it out."""
