"""Edits that settle findings: proposed rule by rule, kept only where judging again agrees."""
