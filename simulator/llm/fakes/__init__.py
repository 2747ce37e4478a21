"""What the fake server answers: plausible text and valid JSON, the same for the same request."""
