"""What the operator decides, from values to values. Pure: no clock, no network, no Kubernetes client."""
