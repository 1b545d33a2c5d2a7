"""Real programs for tests: the Go oracles, registries, daemons, databases and an API server."""
