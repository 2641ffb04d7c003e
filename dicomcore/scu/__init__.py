"""Service class user: what is asked of other application entities (PS3.4)."""
