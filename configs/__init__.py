"""One YAML file for each bundled simulator; the comments teach."""
