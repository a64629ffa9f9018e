"""What the API offers, one file a kind."""
