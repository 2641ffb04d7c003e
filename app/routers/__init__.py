"""One router for each service of PS3.18."""
