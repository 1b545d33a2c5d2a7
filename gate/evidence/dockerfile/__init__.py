"""The Dockerfile collector: from bytes to evidence, as BuildKit reads them."""
