"""gate: one Rego policy for Dockerfiles, container images and Kubernetes workloads."""

__version__ = "0.1.0"
