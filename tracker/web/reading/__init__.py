"""What pages read: tables kept for all sessions, and what tells at little cost that they are old."""
