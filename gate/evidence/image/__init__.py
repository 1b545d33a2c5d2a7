"""The image collector: registries, daemons, archives and layers."""
