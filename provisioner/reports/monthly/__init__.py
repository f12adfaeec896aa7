"""The monthly report: figures, findings, pictures, papers, and the meeting about it."""
