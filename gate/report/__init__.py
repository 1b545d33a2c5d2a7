"""Reports: one module per format, with versioned wire types."""
