"""HTTP, with either side as the server."""
