"""The weeks of a course: who takes part, until when work may be handed in, what goes to the school's own system."""
