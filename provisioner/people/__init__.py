"""Who may do what: accounts, roles, departments, sign-in and tokens."""
