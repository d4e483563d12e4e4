"""What is in stored artifacts: looked into once, by whoever asks first, and kept beside them."""
