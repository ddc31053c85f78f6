"""What is kept: models, constraints, migrations. No behaviour."""
