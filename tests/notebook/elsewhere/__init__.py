"""Twelve assignments in the style of other people's courses: asserts in cells, no hidden tests of gradekit's."""
