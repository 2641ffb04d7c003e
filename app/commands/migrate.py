"""``isocenter migrate``"""
