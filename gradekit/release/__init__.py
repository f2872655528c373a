"""Source to student version and solutions; refuses a leak."""
