"""What was asked: records with a number, an applicant, a letter and typed details."""
