"""The verifier, which alone opens seeds: questions, answers, and the two ways of asking (R51)."""
