"""What a run can say of itself: diversity, grounding, audits."""
