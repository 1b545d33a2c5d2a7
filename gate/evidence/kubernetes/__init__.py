"""The Kubernetes collector: workloads and clusters."""
