"""What pages share: what each is given, how values look, what is said, and how something is edited."""
