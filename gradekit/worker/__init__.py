"""The learner's process: all of gradekit that it has in memory."""
