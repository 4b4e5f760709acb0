"""How remote services are called: retries within a budget, a circuit breaker, deadlines."""
