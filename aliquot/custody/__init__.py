"""The custodian: sessions, policies, decisions, budgets, search, history. The only process that holds keys."""
