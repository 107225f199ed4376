"""PostgreSQL and Valkey from Python packages, for development and tests: started, supervised and stopped by us."""
