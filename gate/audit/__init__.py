"""The audit: clusters, registries and repositories against the policy."""
