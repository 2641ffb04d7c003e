"""Service class provider: a `Source` served to other application entities (PS3.4)."""
