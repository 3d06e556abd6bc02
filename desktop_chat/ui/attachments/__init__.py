"""What the user attaches to a message: from where it comes, and as what it is sent."""
